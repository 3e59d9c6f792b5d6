"""The files and threads of processes that go on meanwhile, as the kernel tells them. Those that are gone by the time they are read are not there."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_GONE = (FileNotFoundError, ProcessLookupError)


def open_sockets(pid: int | str) -> set[str]:
    """Return the names of the sockets that a process holds: {"socket:[4711]"}."""
    return {file for file in _open_files(pid) if file.startswith("socket:")}


def _open_files(pid: int | str) -> Iterator[str]:
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(*_GONE):
            yield str(link.readlink())


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Let a process stand still, as one of a computer that swaps, or as one that is stuck."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def stands_still(pid: int) -> bool:
    """Return whether a signal has stopped each thread of a process."""
    return all(state == "T" for state in _thread_states(pid))


def _thread_states(pid: int) -> Iterator[str]:
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(*_GONE):
            yield stat.read_text().rpartition(") ")[2][:1]
