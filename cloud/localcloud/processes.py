"""QEMU's processes as the system shows them: found by the pid file on their command line, never by name."""

import os
import signal
from pathlib import Path


def guests_of(data: Path) -> dict[str, list[int]]:
    """Return server id → pids of QEMU whose `-pidfile` lies in this DATA. Works also after a restart of ours or a lost database."""
    folder = str(data.resolve() / "guests") + "/"
    found: dict[str, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        pidfile = _pidfile(entry)
        if pidfile.startswith(folder):
            found.setdefault(pidfile[len(folder) :].split("/")[0], []).append(int(entry.name))
    return found


def _pidfile(entry: Path) -> str:
    try:
        return _named(_command_line(entry))
    except OSError:
        return ""  # it ended while we looked


def _command_line(entry: Path) -> bytes:
    return (entry / "cmdline").read_bytes()


def _named(command_line: bytes) -> str:
    """Return the pid file that a guest's command line names; '' for any other process."""
    words = command_line.decode(errors="replace").split("\0")
    if "qemu-system" not in words[0] or "-pidfile" not in words[:-1]:
        return ""
    return words[words.index("-pidfile") + 1]


def _state(entry: Path) -> str:
    return (entry / "stat").read_text().rpartition(")")[2].split()[0]


def is_alive(pid: int, pidfile: Path) -> bool:
    """Return whether the process is still that guest: no zombie, no other process with the same number."""
    entry = Path(f"/proc/{pid}")
    try:
        return _state(entry) != "Z" and _named(_command_line(entry)) == str(pidfile)
    except OSError:
        return False


def has_let_go(pid: int, pidfile: Path) -> bool:
    """Return whether the process has closed its files and ports, which happens a moment after a kill has emptied its command line."""
    entry = Path(f"/proc/{pid}")
    try:
        command_line = _command_line(entry)
        if command_line and _named(command_line) != str(pidfile):
            return True
        return _state(entry) == "Z" and len(list((entry / "task").iterdir())) <= 1
    except OSError:
        return True


def end(pid: int, pidfile: Path) -> None:
    if is_alive(pid, pidfile):
        os.kill(pid, signal.SIGKILL)


def cpu_seconds(pid: int) -> float | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
