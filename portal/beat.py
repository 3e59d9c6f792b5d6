"""The scheduler of beat: the timetable of Celery's own, which sleeps until a message is due."""

from typing import Any

from celery.beat import PersistentScheduler


class Scheduler(PersistentScheduler):
    """Wake when a message is due, and not 10 ms before it.

    Celery's own comes early and then asks without a rest whether it is time: fifty times for each message, which is
    two thirds of the processor time that beat takes.
    """

    def adjust(self, n: Any, drift: float = 0.0) -> Any:
        """Return the seconds until an entry is due as they are."""
        return n
