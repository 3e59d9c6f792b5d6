"""The end of tasks that go on for ever."""

import asyncio
from collections.abc import Iterable
from typing import Any


async def end(tasks: Iterable[asyncio.Task[Any]], *, again_after: float) -> None:
    """Cancel tasks and wait until they are over; what they raise is dropped. Cancel again after so many seconds.

    Once is not enough: redis-py loses a cancellation that comes in the moment of its own time-out, and the task would stay for ever.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=again_after)
        for task in done:
            if not task.cancelled():
                task.exception()
