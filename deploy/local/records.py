"""Which processes are ours: a file per process, so that a later start finds what an earlier one left behind."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.05  # between two looks at a process that should end


@dataclass(frozen=True)
class Record:
    """One started process. `started` tells it from a stranger that was given the same number later."""

    pid: int
    started: str
    program: str

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{self.pid} {self.started} {self.program}\n")

    def is_alive(self) -> bool:
        return is_running(self.pid) and start_of(self.pid) == self.started


def is_running(pid: int) -> bool:
    """Is there such a process, zombies aside?"""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _stat(pid)[:1] != ["Z"]


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the program's name; empty where there is no /proc."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def start_of(pid: int) -> str:
    """When the process started, in the kernel's clock ticks; "-" where the system does not tell."""
    fields = _stat(pid)
    return fields[19] if len(fields) > 19 else "-"


def of_process(pid: int, program: str) -> Record:
    return Record(pid, start_of(pid), program)


def read(path: Path) -> Record | None:
    try:
        pid, started, program = path.read_text().split(maxsplit=2)
        return Record(int(pid), started, program.strip())
    except (OSError, ValueError):
        return None


def has_members(group: int) -> bool:
    """Does the process group still have a member that is no zombie?"""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    if not Path("/proc/self/stat").exists():
        return True
    return any(int(fields[2]) == group and fields[0] != "Z" for fields in map(_stat, _pids()) if len(fields) > 2)


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def signal_group(group: int, which: signal.Signals) -> None:
    try:
        os.killpg(group, which)
    except ProcessLookupError:
        pass


def end_leftover(path: Path, *, gently: signal.Signals, seconds: float) -> bool:
    """End the process that the file names, with its whole group, if it is still that process. True if there was one."""
    record = read(path)
    found = record is not None and record.is_alive()
    if found and record is not None:
        end_group(record.pid, gently=gently, seconds=seconds)
    path.unlink(missing_ok=True)
    return found


def end_group(group: int, *, gently: signal.Signals, seconds: float) -> None:
    """Ask the group to end, wait up to `seconds`, then kill what is left of it."""
    try:
        os.kill(group, gently)
    except ProcessLookupError:
        pass
    deadline = time.monotonic() + seconds
    while is_running(group) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    signal_group(group, signal.SIGKILL)
    while has_members(group):
        time.sleep(POLL_SECONDS)
