"""The pace of a body: whoever sends or takes one byte now and then would keep a place among the transfers for ever."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

LEAST = 2048.0  # bytes a second, over the longest pause: a quarter of a slow 3G line
T = TypeVar("T")


class Pace:
    """The time for which the other side may still be waited for; each byte that moves wins some of it back. `seconds`: at most."""

    def __init__(self, seconds: float) -> None:
        self.most = self.left = seconds

    async def wait(self, other: Awaitable[T]) -> T:
        """Wait for the other side. Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self.left):
                return await other
        finally:
            self.left -= loop.time() - began

    def moved(self, size: int) -> None:
        """Note that so many bytes came, or were taken."""
        self.left = min(self.most, self.left + size / LEAST)
