"""A process that hangs: it is there, takes connections, and answers nothing."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.processes import stands_still
from tests.waiting import until


@contextmanager
def hanging(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Stop a process, and wait until each of its threads stands still: the signal alone lets them go on for a moment."""
    process.send_signal(signal.SIGSTOP)
    try:
        until(lambda: stands_still(process.pid), "it stands still")
        yield
    finally:
        process.send_signal(signal.SIGCONT)
