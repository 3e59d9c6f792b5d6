"""Whole stacks, one for each kind of guest, started once for all journeys."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.journeys.stack import Stack


# A guest's load is heard soon, so that a machine with a short policy falls asleep while a test waits.
HASTY = {"IDLE_SWEEP_SECONDS": "1", "IDLE_SAMPLE_SECONDS": "2", "IDLE_LOAD_SECONDS": "4"}


def _started(kind: str, **environment: str) -> Iterator["Stack"]:
    from tests.journeys.stack import Stack

    # Short, for sockets; and open to the user that runs PostgreSQL.
    folder = Path(tempfile.mkdtemp(prefix="minga-", dir="/tmp"))
    folder.chmod(0o755)
    stack = Stack(folder / "data", kind, **HASTY, **environment)
    try:
        yield stack.start()
    finally:
        if stack.process is not None and stack.process.poll() is None:
            stack.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def stack() -> Iterator["Stack"]:
    """Simulated guests."""
    yield from _started("simulated", LOCAL_CLOUD_BUILD_SECONDS="2")


@pytest.fixture(scope="session")
def qemu_stack() -> Iterator["Stack"]:
    """Real guests."""
    if not shutil.which("qemu-system-x86_64"):
        pytest.skip("qemu-system-x86_64 is not installed")
    yield from _started("qemu")
