"""Patience of tests with what happens by itself, and claims that something is quick.

All these limits are for a computer that is five times as busy as usual, or stands still for ten seconds at any point. Where all is
well a long patience costs nothing: whoever waits goes on at once when the condition holds.
"""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 90.0  # seconds; a real guest boots in 4, emulated, on a quiet computer
# Seconds between two looks: an eighth of the time that has passed. tests/openstack has a slower pace, for there each look costs more.
PAUSE, LONGEST_PAUSE = 0.05, 0.3

Answer = TypeVar("Answer")


def until(true: Callable[[], Answer], what: str = "it becomes true", seconds: float = PATIENCE) -> Answer:
    """Return the first answer that is true. The last look begins after the time is up, however long the computer stood still before."""
    began = time.monotonic()
    while True:
        passed = time.monotonic() - began
        if answer := true():
            return answer
        assert passed < seconds, f"not in {seconds:g} s: {what}"
        time.sleep(min(LONGEST_PAUSE, max(PAUSE, passed / 8)))


def quickest(took: Callable[[], float], limit: float, tries: int = 5) -> float:
    """Return the seconds of the first try below the limit, else of the quickest of all.

    What is slow by itself is slow in every try; where the computer stood still, the next try says so.
    """
    seconds: list[float] = []
    while len(seconds) < tries and (not seconds or seconds[-1] >= limit):
        seconds.append(took())
    return min(seconds)


async def happens(true: Callable[[], Answer], what: str = "it becomes true") -> Answer:
    """Do as `until`, for coroutines: others go on meanwhile."""
    ends_at = time.monotonic() + PATIENCE
    while True:
        is_last = time.monotonic() > ends_at
        if answer := true():
            return answer
        assert not is_last, f"not in {PATIENCE:g} s: {what}"
        await asyncio.sleep(0.01)
