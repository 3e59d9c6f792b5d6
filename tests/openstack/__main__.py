"""`python -m tests.openstack [pytest's options]`: the tests against the OpenStack of OS_CLOUD, or else of the bench beside the repository.

Where a network namespace OPENSTACK_NAMESPACE (labcloud) is the only place from which guests are reached, all of it runs in there.

First the groups of tests side by side on the one cloud (a file says in its `pytestmark` to which group it belongs), then the tests that
must have it for themselves (marked `alone`).
"""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT.parent / "shared" / "openstack" / "clouds.yaml"
HERE = Path(__file__).resolve().parent
GROUPS = 5
GOOD = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
FAILED = pytest.ExitCode.TESTS_FAILED


def main() -> int:
    if not os.environ.get("OS_CLOUD"):
        if not BENCH.exists():
            sys.exit("OS_CLOUD names no cloud. Say which one of your clouds.yaml is the portal's service user.")
        os.environ.setdefault("OS_CLIENT_CONFIG_FILE", str(BENCH))
        os.environ["OS_CLOUD"] = "labcloud-portal"
    own, words = _words()
    signal.signal(signal.SIGINT, lambda *_: None)  # pytest hears Ctrl-C, too, and takes away what it made
    together = _run("not alone", own, "-n", str(GROUPS), "--dist", "loadgroup", *words)
    if together not in (*GOOD, FAILED):
        return together
    alone = _run("alone", own, *words)
    return next((code for code in (together, alone) if code not in GOOD), min(together, alone))


def _words() -> tuple[str, list[str]]:
    """The marks that were asked for with -m, and the other options."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-m", default="")
    known, words = parser.parse_known_args()
    return known.m, words


def _run(marks: str, own: str, *words: str) -> int:
    """pytest's exit code."""
    marks = f"({own}) and {marks}" if own else marks
    command = [*_inside(), sys.executable, "-m", "pytest", str(HERE), "-m", marks, *words]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _inside() -> list[str]:
    """The words that enter the namespace, if there is one and we are not in it already."""
    name = os.environ.get("OPENSTACK_NAMESPACE", "labcloud")
    place = Path("/run/netns") / name
    if not place.exists() or place.stat().st_ino == Path("/proc/self/ns/net").stat().st_ino:
        return []
    return ["ip", "netns", "exec", name]


if __name__ == "__main__":
    sys.exit(main())
