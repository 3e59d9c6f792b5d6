"""Counts of the current minute, in a process's memory; the next begins with none, so nothing has to be tidied."""

from collections import Counter
from datetime import datetime
from threading import Lock


class MinuteCounts:
    def __init__(self) -> None:
        self._lock, self._minute, self._counts = Lock(), datetime.min, Counter[str]()

    def count(self, what: str, now: datetime) -> int:
        """Count one more of `what`; return how many there were in this minute."""
        minute = now.replace(second=0, microsecond=0, tzinfo=None)
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = minute, Counter()
            self._counts[what] += 1
            return self._counts[what]
