"""Rests between two looks, each of which ends as soon as a signal comes: also the one that says that a child has ended."""

import select
import signal
import socket


class Rest:
    """Must be made in the main thread. It handles SIGCHLD from then on, without which a child's end wakes nobody."""

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
