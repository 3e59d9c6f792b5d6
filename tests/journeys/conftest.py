"""Whole stacks, one for each kind of guest: started by the first test that asks for it, stopped behind the last one.

The tests of one stack are one xdist group (`on_simulated`, `on_qemu`), so they come to one worker and in a row.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.chromium import browser as browser
from tests.chromium import chromium as chromium
from tests.cloud import ready_guest

if TYPE_CHECKING:
    from tests.journeys.stack import Stack

HERE = Path(__file__).parent
# A guest's load is heard soon, so that a machine with a short policy falls asleep while a test waits.
HASTY = {"IDLE_SWEEP_SECONDS": "1", "IDLE_SAMPLE_SECONDS": "2", "IDLE_LOAD_SECONDS": "4"}
SETTINGS = {"simulated": {"LOCAL_CLOUD_BUILD_SECONDS": "2"}, "qemu": HASTY, "debian": {}}
GUESTS = {"debian": "qemu"}  # where the guests are of another kind than the stack
_running: dict[str, "Stack"] = {}  # by kind, in this worker


def _started(kind: str) -> "Stack":
    from tests.journeys.stack import Stack

    if kind not in _running:
        # Short, for sockets; and open to the user that runs PostgreSQL.
        folder = Path(tempfile.mkdtemp(prefix="minga-", dir="/tmp"))
        folder.chmod(0o755)
        _running[kind] = Stack(folder / "data", GUESTS.get(kind, kind), **SETTINGS[kind])
        try:
            if kind == "debian":
                ready_guest.give_starter(folder / "data" / "cloud")
            _running[kind].start()
        except BaseException:
            _stop(kind)
            raise
    return _running[kind]


def _stop(kind: str) -> None:
    stack = _running.pop(kind)
    try:
        if stack.process is not None and stack.process.poll() is None:
            assert stack.stop() == 0
    finally:
        shutil.rmtree(stack.data.parent, ignore_errors=True)


@pytest.fixture(scope="module")
def stack() -> "Stack":
    """Simulated guests."""
    return _started("simulated")


@pytest.fixture(scope="module")
def qemu_stack() -> "Stack":
    """Real guests."""
    if not shutil.which("qemu-system-x86_64"):
        pytest.skip("qemu-system-x86_64 is not installed")
    return _started("qemu")


@pytest.fixture(scope="module")
def debian_stack() -> "Stack":
    """Real guests, with the card of the Debian guest that was built before."""
    if not shutil.which("qemu-system-x86_64"):
        pytest.skip("qemu-system-x86_64 is not installed")
    if not ready_guest.is_built("debian-12"):
        pytest.skip(f"not built: python -m cloud.starter --folder {ready_guest.STARTERS} debian-12")
    return _started("debian")


def _group(item: pytest.Item | None) -> str:
    mark = item.get_closest_marker("xdist_group") if item else None
    return str(mark.args[0]) if mark else ""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Stop a stack after the last test of its group, so that the processors are free for the others."""
    try:
        return (yield)
    finally:
        kind = _group(item).removesuffix("-stack")
        if kind in _running and _group(nextitem) != _group(item):
            _stop(kind)


def pytest_sessionfinish() -> None:
    """Stop the stacks after Ctrl-C, when no test was the last of its group."""
    for kind in list(_running):
        _stop(kind)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "chaos_all: kill -9 of each part at each moment of a life (make test-chaos)")
    config.addinivalue_line("markers", "long_journey: minutes with a real guest (make test-journeys)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for mark in ("chaos_all", "long_journey"):
        _leave_out(mark, config, items)
    _put_in_a_row(items)


def _leave_out(mark: str, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests that take minutes and have a command of their own, unless their mark is asked for."""
    if mark in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker(mark)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _put_in_a_row(items: list[pytest.Item]) -> None:
    """Run the tests of one stack in a row without xdist, too: others in between would stop it."""
    places = [n for n, item in enumerate(items) if item.path.is_relative_to(HERE)]
    ours = sorted((items[n] for n in places), key=_group)
    for n, item in zip(places, ours, strict=True):
        items[n] = item
