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
SYSTEM = "/usr/bin/python3"
ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = "uv==0.13.9"  # installs the packages in a third of the time that pip takes, and is not needed afterwards
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
    """Wait until no other start installs into this folder; hold it until the returned file is closed."""
    folder = os.fdopen(os.open(ROOT / "requirements.txt", os.O_RDONLY))
    fcntl.flock(folder, fcntl.LOCK_EX)
    return folder


def install(requirements: str) -> None:
    """Install into .venv what the file says. Costs nothing the second time: a stamp holds the file's hash."""
    stamp, wanted = VENV / "minga-packages", fingerprint(requirements)
    if works() and stamp.exists() and wanted in stamp.read_text().split():
        return
    if not works():
        say("Making the folder .venv …")
        make_venv()
    say("Fetching the packages (once; a minute or two) …")
    options, packages = kept_wheels(requirements), ["-r", str(ROOT / requirements)]
    if uv_install(options, packages) and pip("install", *options, *packages) and pip("install", *packages):
        stop("The packages could not be fetched. Look at the message above: is this computer on the network?")
    # Packages for the tests contain those for running.
    also = fingerprint("requirements.txt")
    stamp.write_text(f"{wanted} {also}\n")


def pip(verb: str, *arguments: str) -> int:
    """Run pip. Return its exit code."""
    options = ["-qq", "--disable-pip-version-check", "--prefer-binary"]
    return subprocess.run([str(PYTHON), "-m", "pip", verb, *options, *arguments]).returncode


def uv_install(options: list[str], packages: list[str]) -> int:
    """Install by uv. Return its exit code: not 0 where uv cannot be had, or a mirror is known to pip's own settings only."""
    if pip("install", *options, UV):
        return 1
    command = [str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--python", str(PYTHON), *options, *packages]
    return subprocess.run(command, stderr=subprocess.DEVNULL).returncode


def kept_wheels(requirements: str) -> list[str]:
    """Options with which pip takes the packages from MINGA_CACHE, fetched there first where they are missing; [] without it.

    pip's own cache is not enough: mirrors that forbid caching leave it empty.
    """
    if not os.environ.get("MINGA_CACHE"):
        return []
    version = f"{python_version()}-{hashlib.sha256(texts(requirements) + UV.encode()).hexdigest()[:20]}"
    kept = Path(os.environ["MINGA_CACHE"]) / "wheels" / requirements / version
    try:
        if not kept.exists():
            fetch_wheels(requirements, kept)
    except OSError as error:
        say(f"No packages are kept in MINGA_CACHE: {error.strerror}.")
    return ["--no-index", "--find-links", str(kept)] if kept.exists() else []


def fetch_wheels(requirements: str, kept: Path) -> None:
    """Fetch all wheels into the folder `kept`, which gets its name once it is whole, and delete those of other versions of the file."""
    part = kept.parent / f"{kept.name}.{os.getpid()}.part"
    if pip("wheel", "-w", str(part), UV, "-r", str(ROOT / requirements)) == 0:
        for old in kept.parent.iterdir():
            if old != part:
                shutil.rmtree(old, ignore_errors=True)
        part.rename(kept)
    shutil.rmtree(part, ignore_errors=True)


def python_version() -> str:
    """Return the version of .venv's Python, as cpython-3.11.2: a list of requirements may want more packages of an older one."""
    ask = "import platform, sys; print(f'{sys.implementation.name}-{platform.python_version()}')"
    return subprocess.run([str(PYTHON), "-c", ask], capture_output=True, text=True, check=True).stdout.strip()


def texts(requirements: str) -> bytes:
    return (ROOT / "requirements.txt").read_bytes() + (ROOT / requirements).read_bytes()


def fingerprint(requirements: str) -> str:
    return hashlib.sha256(texts(requirements) + str(VENV).encode()).hexdigest()[:20]


def works() -> bool:
    """Return whether .venv has a Python that starts and finds its packages.

    A copied or moved folder has none. After an upgrade of the system its Python is another version, which looks in another folder.
    """
    check = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    return PYTHON.exists() and subprocess.run([PYTHON, "-c", check], stderr=subprocess.DEVNULL).returncode == 0


def make_venv() -> None:
    if VENV.exists():
        shutil.rmtree(VENV)
    made = subprocess.run([best_python(), "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        stop(
            "Python cannot make the folder .venv. On Debian or Ubuntu: apt install python3-venv. Otherwise make room there."
        )


def best_python() -> str:
    """Return the Python for .venv: the system's where it will do and no other was asked for (make PYTHON=…), else our own.

    Distributions optimize theirs by profiles; one that pyenv built takes 5 to 20 % longer for the same work.
    """
    check = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"
    if os.environ.get("PYTHON") or shutil.which(SYSTEM) is None:
        return sys.executable
    return sys.executable if subprocess.run([SYSTEM, "-c", check], capture_output=True).returncode else SYSTEM


def say(sentence: str) -> None:
    print(f"  {sentence}", flush=True)


if __name__ == "__main__":
    main()
