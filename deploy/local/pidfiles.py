"""Pid files: which processes are ours, so that a later start finds and ends what an earlier one left behind."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.05  # between two looks at a process that should end
KILL_SECONDS = 5.0  # the kernel needs a moment to take a killed process away
# The order in which leftovers are ended: a service before those that it needs.
ORDER = (
    "starter",
    "agent",
    "beat",
    "worker",
    "live",
    "web",
    "disks",
    "prepare",
    "assets",
    "mail",
    "vps",
    "cloud",
    "redis",
    "postgres",
)
LEFTOVER_SECONDS = {"cloud": 30.0, "postgres": 15.0}  # to put guests to sleep, to close its files; others get 5


@dataclass(frozen=True)
class PidFile:
    """The content of a pid file. `started` distinguishes our process from a later one that was given the same number."""

    pid: int
    started: str
    program: str

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{self.pid} {self.started} {self.program}\n")

    def is_alive(self) -> bool:
        return is_running(self.pid) and start_of(self.pid) == self.started


def is_running(pid: int) -> bool:
    """Return whether the process lives; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _stat(pid)[:1] != ["Z"]


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the program's name; empty where there is no /proc."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def start_of(pid: int) -> str:
    """Return when the process started, in the kernel's clock ticks; "-" where the system does not say."""
    fields = _stat(pid)
    return fields[19] if len(fields) > 19 else "-"


def of_process(pid: int, program: str) -> PidFile:
    return PidFile(pid, start_of(pid), program)


def read(path: Path) -> PidFile | None:
    try:
        pid, started, program = path.read_text().split(maxsplit=2)
        return PidFile(int(pid), started, program.strip())
    except (OSError, ValueError):
        return None


def has_members(group: int) -> bool:
    """Return whether a process group that leads its own session still has a living member."""
    return any(fields[:1] not in ([], ["Z"]) and fields[2:4] == [str(group)] * 2 for fields in map(_stat, _pids()))


def _pids() -> list[int]:
    if not Path("/proc/self/stat").exists():
        return []
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def signal_group(group: int, which: signal.Signals) -> None:
    try:
        os.killpg(group, which)
    except ProcessLookupError:
        pass


def end_leftovers(run: Path) -> list[str]:
    """End, in order, what an earlier Minga on this folder left running because it was killed itself. Return the names."""
    return [name for name in ORDER if _end_named(name, run / f"{name}.pid")]


def _end_named(name: str, path: Path) -> bool:
    gently = signal.SIGINT if name == "postgres" else signal.SIGTERM
    return end_leftover(path, gently=gently, seconds=LEFTOVER_SECONDS.get(name, 5.0))


def end_leftover(path: Path, *, gently: signal.Signals, seconds: float) -> bool:
    """End the process that the file names, with its whole group, if it is still the same process. Return whether there was one.

    A dead leader may have left a group behind: the system gives its number to nobody while the group lives.
    """
    found = read(path)
    if found is None:
        return False
    lives = found.is_alive() or (not is_running(found.pid) and has_members(found.pid))
    if lives:
        end_group(found.pid, gently=gently, seconds=seconds)
    path.unlink(missing_ok=True)
    return lives


def end_group(group: int, *, gently: signal.Signals, seconds: float) -> None:
    """Ask the leader to end, wait up to `seconds`, then kill what is left of its group."""
    try:
        os.kill(group, gently)
    except ProcessLookupError:
        pass
    _wait_until_gone(group, seconds)
    signal_group(group, signal.SIGKILL)
    _wait_until_gone(group, KILL_SECONDS)


def _wait_until_gone(group: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (is_running(group) or has_members(group)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
