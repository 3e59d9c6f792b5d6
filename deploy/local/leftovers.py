"""What an earlier Minga on this folder left running, because it was killed itself. Found by its records, ended in order."""

import signal
from pathlib import Path

from deploy.local import records

# The reverse of the order of the start. The local cloud puts its guests to sleep; PostgreSQL closes its files.
ORDER = ("agent", "beat", "worker", "web", "prepare", "assets", "vps", "cloud", "redis", "postgres")
SECONDS = {"cloud": 30.0, "postgres": 15.0}  # others get 5


def end_all(run: Path) -> list[str]:
    """End them; the names of those that were still there."""
    return [name for name in ORDER if _end(name, run / f"{name}.pid")]


def _end(name: str, record: Path) -> bool:
    gently = signal.SIGINT if name == "postgres" else signal.SIGTERM
    return records.end_leftover(record, gently=gently, seconds=SECONDS.get(name, 5.0))
