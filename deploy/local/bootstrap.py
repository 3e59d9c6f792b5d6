"""The first stage of `make run` and `make test`: a Python new enough, the folder .venv, the packages. Needs Python only.

Everything else runs inside .venv. This file must also be readable by an older Python, which it replaces by a newer one.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn, TextIO

OLDEST = (3, 11)
KNOWN = ("python3.11", "python3.12", "python3.13", "python3.14")
ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
USAGE = "usage: bootstrap.py run | dev"


def main() -> None:
    wanted = sys.argv[1] if len(sys.argv) == 2 else ""
    if wanted not in ("run", "dev"):
        stop(USAGE)
    use_new_python()
    try:
        with only_one():
            install("requirements.txt" if wanted == "run" else "requirements-dev.txt")
    except OSError as error:
        stop(f"The folder {ROOT} cannot be written ({error.strerror}). Make it yours, and make room on its disk.")
    except KeyboardInterrupt:
        sys.exit(130)
    if wanted == "run":
        os.chdir(ROOT)
        os.execv(PYTHON, [str(PYTHON), "-m", "deploy.local"])


def stop(sentence: str) -> NoReturn:
    print(f"minga: {sentence}", file=sys.stderr)
    sys.exit(1)


def use_new_python() -> None:
    if sys.version_info >= OLDEST:
        return
    found = next((path for path in map(shutil.which, KNOWN) if path), None)
    if found is None:
        stop(
            "Minga needs Python 3.11 or newer. Install it (on Debian or Ubuntu: apt install python3.11), then try again."
        )
    os.execv(found, [found, *sys.argv])


def only_one() -> TextIO:
    """Two starts from one folder would install over each other; the second waits here."""
    folder = os.fdopen(os.open(ROOT / "requirements.txt", os.O_RDONLY))
    fcntl.flock(folder, fcntl.LOCK_EX)
    return folder


def install(requirements: str) -> None:
    """Make .venv what the file says. Costs nothing when it already is: a stamp holds the file's hash."""
    stamp, wanted = VENV / "minga-packages", fingerprint(requirements)
    if works() and stamp.exists() and wanted in stamp.read_text().split():
        return
    if not works():
        say("Making the folder .venv …")
        make_venv()
    say("Fetching the packages (once; a minute or two) …")
    command = [str(PYTHON), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--prefer-binary"]
    if subprocess.run([*command, "-r", str(ROOT / requirements)]).returncode:
        stop("The packages could not be fetched. Look at the message above: is this computer on the network?")
    # Packages for the tests contain those for running.
    also = fingerprint("requirements.txt")
    stamp.write_text(f"{wanted} {also}\n")


def fingerprint(requirements: str) -> str:
    text = (ROOT / "requirements.txt").read_bytes() + (ROOT / requirements).read_bytes()
    return hashlib.sha256(text + str(VENV).encode()).hexdigest()[:20]


def works() -> bool:
    """Is there a Python in .venv that starts? A copied or moved folder has none."""
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    return PYTHON.exists() and subprocess.run([PYTHON, "-c", check]).returncode == 0


def make_venv() -> None:
    if VENV.exists():
        shutil.rmtree(VENV)
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        stop(
            "Python cannot make the folder .venv. On Debian or Ubuntu: apt install python3-venv. Otherwise make room there."
        )


def say(sentence: str) -> None:
    print(f"  {sentence}", flush=True)


if __name__ == "__main__":
    main()
