"""Turns at what costs a processor: so many at once on one computer, whatever number of processes asks.

A turn is a lock on a file, so that the kernel gives it back when a process dies. Processors belong to a computer, and so does
the lock: neither Redis nor the database is asked, which may be what is short just then.
"""

import fcntl
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import BoundedSemaphore, Lock, local
from time import monotonic, sleep
from typing import BinaryIO

from django.utils.translation import gettext_noop as _

from lib.notes import Refusal

PAUSE_SECONDS = 0.01  # between two looks whether another process gave its turn back
QUOTA = Path("/sys/fs/cgroup/cpu.max")  # what a container or a unit may use of the processors


class Busy(Refusal):
    """The work was not begun. Raised after the wait."""

    status = 503
    code = "busy"
    retry_after = 5  # seconds


def processors() -> int:
    """Return how many this process may use: its affinity, or less where a container has a quota."""
    count = len(os.sched_getaffinity(0))
    try:
        quota, period = QUOTA.read_text().split()
        return max(1, min(count, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no quota ("max"), or another kind of cgroup
        return count


class Turns:
    """At most `most` at once; whoever waits longer than `seconds`, or finds `line` waiting in this process, gets Busy."""

    def __init__(self, folder: Path, *, most: int, seconds: float, line: int = 100) -> None:
        self._folder, self._most, self._seconds = folder, most, seconds
        self._here = BoundedSemaphore(most)  # only as many threads look at the files as could have a turn
        self._line, self._waiting, self._lock = line, 0, Lock()
        self._own = local()

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold a turn. A thread that holds one already goes on with it."""
        if getattr(self._own, "held", False):
            yield
            return
        with self._waited_for():
            self._own.held = True
            try:
                yield
            finally:
                self._own.held = False

    @contextmanager
    def _waited_for(self) -> Iterator[None]:
        until = monotonic() + self._seconds
        self._join_line()
        try:
            is_next = self._here.acquire(timeout=self._seconds)
        finally:
            self._leave_line()
        if not is_next:
            raise busy()
        try:
            with self._locked(until):
                yield
        finally:
            self._here.release()

    def _join_line(self) -> None:
        with self._lock:
            if self._waiting >= self._line:
                raise busy()
            self._waiting += 1

    def _leave_line(self) -> None:
        with self._lock:
            self._waiting -= 1

    @contextmanager
    def _locked(self, until: float) -> Iterator[None]:
        file = self._try_all()
        while file is None:
            if monotonic() >= until:
                raise busy()
            sleep(PAUSE_SECONDS)  # only ever as many threads as there are turns
            file = self._try_all()
        with file:  # closing it gives the lock back
            yield

    def _try_all(self) -> BinaryIO | None:
        for number in range(self._most):
            file = (self._own_folder() / str(number)).open("wb")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return file
            except BlockingIOError:
                file.close()
        return None

    def _own_folder(self) -> Path:
        """Return the folder, made here, and refuse one that another user of the computer has put there."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        facts = self._folder.lstat()
        if facts.st_uid != os.getuid() or self._folder.is_symlink():
            raise PermissionError(f"{self._folder} belongs to somebody else. Remove it.")
        return self._folder


def busy() -> Busy:
    return Busy(_("Many people are signing in at this moment. Try again in a few seconds."))
