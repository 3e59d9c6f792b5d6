"""Limit how much processor-heavy work runs at once on one computer, in all its processes together.

A turn is a lock on a file, so the kernel releases it when a process dies. Redis and the database are not asked: they may be
what is short just then.
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

SIGNING_IN = _("Many people are signing in at this moment. Try again in a few seconds.")
PAUSE_SECONDS = 0.01  # between two tries to get a file's lock
QUOTA = Path("/sys/fs/cgroup/cpu.max")  # the quota of processors of a container or a unit


class Busy(Refusal):
    """No turn was free in time; the work was not begun."""

    status = 503
    code = "busy"
    retry_after = 5  # seconds


def processors() -> int:
    """Return how many processors this process may use: its affinity, or less where a container has a quota."""
    count = len(os.sched_getaffinity(0))
    try:
        quota, period = QUOTA.read_text().split()
        return max(1, min(count, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no quota ("max"), or another kind of cgroup
        return count


class Turns:
    """Hand out at most `most` turns at once. Raises Busy after waiting for `seconds`, or at once where `line` threads of this process wait already."""

    def __init__(self, folder: Path, *, most: int, seconds: float, line: int = 100, sentence: str = SIGNING_IN) -> None:
        self._folder, self._most, self._seconds = folder, most, seconds
        self._here = BoundedSemaphore(most)  # no more threads than there are turns try the files
        self._line, self._waiting, self._lock = line, 0, Lock()
        self._own, self._sentence = local(), sentence

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold a turn. A thread that already holds one uses that."""
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
            raise busy(self._sentence)
        try:
            with self._locked(until):
                yield
        finally:
            self._here.release()

    def _join_line(self) -> None:
        with self._lock:
            if self._waiting >= self._line:
                raise busy(self._sentence)
            self._waiting += 1

    def _leave_line(self) -> None:
        with self._lock:
            self._waiting -= 1

    @contextmanager
    def _locked(self, until: float) -> Iterator[None]:
        file = self._try_all()
        while file is None:
            if monotonic() >= until:
                raise busy(self._sentence)
            sleep(PAUSE_SECONDS)  # at most `most` threads do this
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
        """Create the folder and return it. Raises PermissionError where another user of the computer owns it."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        facts = self._folder.lstat()
        if facts.st_uid != os.getuid() or self._folder.is_symlink():
            raise PermissionError(f"{self._folder} belongs to somebody else. Remove it.")
        return self._folder


def busy(sentence: str = SIGNING_IN) -> Busy:
    """Return the refusal of work whose turn did not come in time."""
    return Busy(sentence)
