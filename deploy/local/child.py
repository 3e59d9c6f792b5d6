"""Start and end a process: in a group of its own, with a pid file, and ended by the kernel when we die."""

import ctypes
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import holders, pidfiles, privilege

PR_SET_PDEATHSIG = 1
LOG_BYTES = 20_000_000  # a longer log is rotated: about a day of the worker's


@dataclass
class Program:
    """A program: what to run and how to end it. `seconds`: how long it may take to end before it is killed."""

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    become: Callable[[], None] | None = None
    gently: signal.Signals = signal.SIGTERM
    seconds: float = 5


def start(program: Program, *, log: Path, pidfile: Path) -> subprocess.Popen[bytes]:
    """Start the program and write its pid file. Must be called from the main thread: the child ends when its starting thread does."""
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        process = _popen(program, log)
    except subprocess.SubprocessError as error:  # the system forbade a step of _before_exec
        raise privilege.not_started(program.name, error) from None
    pidfiles.of_process(process.pid, Path(program.command[0]).name).write(pidfile)
    return process


def _popen(program: Program, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            program.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=program.folder,
            env=environment(program),
            start_new_session=True,
            preexec_fn=_before_exec(program),
        )


def environment(program: Program) -> dict[str, str]:
    """Return the program's environment: ours and its own, without the secrets of other services."""
    return holders.keep_own(program.name, {**os.environ, **program.environment})


def _before_exec(program: Program) -> Callable[[], None]:
    ask = end_with_parent(program.gently)

    def prepare() -> None:
        if program.become:
            program.become()
        ask()  # only now: a change of user clears it

    return prepare


def end_with_parent(how: signal.Signals) -> Callable[[], None]:
    """Return a function for between fork and exec. After it the kernel sends `how` when the parent ends, by `kill -9` too."""
    libc, parent = (ctypes.CDLL(None), os.getpid()) if sys.platform == "linux" else (None, 0)

    def ask() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, int(how), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return ask


def end(process: subprocess.Popen[bytes], program: Program, *, pidfile: Path) -> None:
    """Ask the process to end, wait, then kill what is left of its group."""
    if process.poll() is None:
        process.send_signal(program.gently)
    wait_then_kill(process, seconds=program.seconds, pidfile=pidfile)


def wait_then_kill(process: subprocess.Popen[bytes], *, seconds: float, pidfile: Path) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    pidfiles.signal_group(process.pid, signal.SIGKILL)
    process.wait()
    pidfile.unlink(missing_ok=True)


def rotate_log(log: Path) -> None:
    """Move a log that is too long into one older log. Copied and emptied, not renamed: the process keeps the file open."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        shutil.copyfile(log, log.with_suffix(".old.log"))
        os.truncate(log, 0)


class Rest:
    """Rests between two looks, each of which ends as soon as a signal comes: also the one that says that a child has ended.

    Must be made in the main thread. It handles SIGCHLD from then on, without which a child's end wakes nobody.
    """

    def __init__(self) -> None:
        self._woken, self._bell = socket.socketpair()
        for end in (self._woken, self._bell):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda _which, _frame: None)
        signal.set_wakeup_fd(self._bell.fileno(), warn_on_full_buffer=False)

    def take(self, seconds: float) -> None:
        """Rest for so long, or until a signal. One that came since the last rest ends this one at once."""
        if select.select([self._woken], [], [], seconds)[0]:
            self._woken.recv(4096)

    def close(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._woken.close()
        self._bell.close()
