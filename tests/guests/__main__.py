"""`python -m tests.guests [pytest's options]`: boot guests of Debian 13 and a VPS, and knock at their sshd. Needs root; see boxes.py."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.installation.__main__ import why_not

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def main() -> int:
    if reason := why_not():
        print(f"No guest is booted here: {reason}")
        return 0
    options = sys.argv[1:]
    files = [] if any(".py" in option for option in options) else sorted(map(str, HERE.glob("test_*.py")))
    # The tests' own conftest would start a PostgreSQL and a Redis, which nobody needs here.
    command = [sys.executable, "-m", "pytest", "-p", "no:django", f"--confcutdir={HERE}", *files, *options]
    # A terminal sends it to pytest, too, which then halts the guests.
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "MINGA_GUESTS": "yes"})
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: process.send_signal(signal.SIGINT))
    return process.wait()


if __name__ == "__main__":
    sys.exit(main())
