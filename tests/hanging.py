"""A process that hangs: it is there, takes connections, and answers nothing."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import until


@contextmanager
def hanging(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Stop a process, and wait until each of its threads stands still: the signal alone lets them go on for a moment."""
    process.send_signal(signal.SIGSTOP)
    try:
        until(lambda: _stands_still(process.pid), "it stands still")
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def _stands_still(pid: int) -> bool:
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(stat.read_text().rpartition(") ")[2].startswith("T") for stat in threads)
