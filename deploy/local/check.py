"""`make check`: style, types, floors, migrations, translations. Says all that is wrong, not only the first thing."""

import os
import subprocess
import sys
from pathlib import Path

from deploy.local import translations

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
# Enough for the settings to load: nothing here opens the database.
DUMMIES = {
    "SECRET_KEY": "only-for-checking", "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "DJANGO_SETTINGS_MODULE": "portal.settings",
    "DB_POOL": "off",
}  # fmt: skip
CHECKS = {
    "style": [str(BIN / "ruff"), "check", "--quiet", "."],
    "layout": [str(BIN / "ruff"), "format", "--check", "--quiet", "."],
    "types": [sys.executable, "-m", "mypy", "--no-error-summary"],
    "floors": [str(BIN / "lint-imports"), "--no-logo"],
    # It warns that it cannot compare with the database; there is none, and none is needed.
    "migrations": [
        sys.executable,
        "-W",
        "ignore::RuntimeWarning",
        "manage.py",
        "makemigrations",
        "--check",
        "--dry-run",
        "--skip-checks",
    ],
}


def main() -> int:
    wrong = [name for name, command in CHECKS.items() if not passes(name, command)]
    faults = translations.faults(ROOT)
    print("\n".join(faults) + "\n" if faults else "", end="")
    report("translations", not faults)
    if faults:
        wrong.append("translations")
    print(f"Wrong: {', '.join(wrong)}." if wrong else "All checks hold.")
    return 1 if wrong else 0


def passes(name: str, command: list[str]) -> bool:
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **DUMMIES}, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout + done.stderr)
    report(name, done.returncode == 0)
    return done.returncode == 0


def report(name: str, holds: bool) -> None:
    print(f"  {name:<13} {'ok' if holds else 'WRONG'}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
