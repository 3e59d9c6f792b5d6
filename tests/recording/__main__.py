"""`python -m tests.recording OUT_FOLDER`: ask every address as everybody and write the answers down, one file per address and role.

Twice on the same commit, `diff -r` finds nothing. With a folder of its own for the servers' data (MINGA_TEST_DATA), it may run beside tests.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLAIN = {"COLUMNS": "100", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "LOG_LEVEL": "ERROR"}
OPTIONS = (
    "-q",
    "-n",
    "2",
    "--dist",
    "load",
    "--durations",
    "12",
    "-p",
    "no:logging",
    "-p",
    "no:randomly",
    "-W",
    "ignore",
)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__)
        return 2
    out = Path(arguments[0]).resolve()
    if out.exists() and any(out.iterdir()):
        print(f"{out} is not empty. Name another folder: what was recorded is never written over.")
        return 2
    out.mkdir(parents=True, exist_ok=True)
    told = {"MINGA_RECORDING": str(out), "MINGA_TEST_DATA": os.environ.get("MINGA_TEST_DATA", ".data-recording")}
    command = [sys.executable, "-m", "pytest", *OPTIONS, str(Path(__file__).with_name("recorder.py"))]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **told, **PLAIN}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
