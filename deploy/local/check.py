"""`make check`: style, types, floors, migrations, translations, sleeps, language, interfaces, merges. Names everything that is wrong, not only the first thing.

The parts run side by side, one on each processor. Their results are printed in a fixed order.
"""

import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deploy.local import interfaces, language, sleeps, translations

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
# Enough for the settings to load: nothing here opens the database.
DUMMIES = {
    "SECRET_KEY": "only-for-checking-and-nothing-is-signed",
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
    "DJANGO_SETTINGS_MODULE": "portal.settings",
    "DB_POOL": "off",
}
# A conflict of a merge that was committed unsolved: in scripts and pages nothing else would notice.
UNSOLVED = "! git grep -nE '^(<{7}|>{7}) '"
# Without the warning that the database cannot be compared: there is none, and none is needed.
MIGRATIONS = ["-W", "ignore::RuntimeWarning", "manage.py", "makemigrations", "--check", "--dry-run", "--skip-checks"]


@dataclass(frozen=True, slots=True)
class Result:
    """The findings of one part."""

    holds: bool
    words: str = ""


Part = Callable[[], Result]


def command(*words: str) -> Part:
    """Make a part of a program. Its output is the findings, its exit status says whether there are any."""

    def run() -> Result:
        done = subprocess.run(words, cwd=ROOT, env={**os.environ, **DUMMIES}, capture_output=True, text=True)
        return Result(done.returncode == 0, done.stdout + done.stderr)

    return run


def function(faults: Callable[[Path], list[str]]) -> Part:
    """Make a part of one of our functions, which returns a sentence for each fault."""

    def run() -> Result:
        found = faults(ROOT)
        return Result(not found, "\n".join(found))

    return run


PARTS: dict[str, Part] = {
    "style": command(str(BIN / "ruff"), "check", "--quiet", "."),
    "layout": command(str(BIN / "ruff"), "format", "--check", "--quiet", "."),
    "types": command(sys.executable, "-m", "mypy", "--no-error-summary"),
    "floors": command(str(BIN / "lint-imports"), "--no-logo"),
    "migrations": command(sys.executable, *MIGRATIONS),
    "translations": function(translations.faults),
    "sleeps": function(sleeps.faults),
    "language": function(language.faults),
    "interfaces": function(interfaces.faults),
    "merges": command("sh", "-c", UNSOLVED),
}
LONGEST = "types"  # started first, so that it does not run alone at the end


def main() -> int:
    return check(PARTS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2)


def check(parts: dict[str, Part], processors: int) -> int:
    """Run the parts side by side and print each result as soon as those before it are printed. Return the exit status."""
    with ThreadPoolExecutor(max(2, processors)) as workers:
        begun = {name: workers.submit(timed, parts[name]) for name in sorted(parts, key=lambda name: name != LONGEST)}
        wrong = [name for name in parts if not report(name, *begun[name].result())]
    print(f"Wrong: {', '.join(wrong)}." if wrong else "All checks hold.")
    return 1 if wrong else 0


def timed(part: Part) -> tuple[Result, float]:
    """Run a part. Return its findings and its seconds. A part that raises counts as wrong, and the others go on."""
    began = time.monotonic()
    try:
        result = part()
    except Exception:
        result = Result(False, traceback.format_exc())
    return result, time.monotonic() - began


def report(name: str, result: Result, seconds: float) -> bool:
    if not result.holds:
        print(result.words.rstrip())
    print(f"  {name:<13} {'ok' if result.holds else 'WRONG':<6} {seconds:3.0f} s", flush=True)
    return result.holds


if __name__ == "__main__":
    sys.exit(main())
