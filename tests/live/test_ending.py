"""Tasks that go on for ever end, also where a library loses a cancellation."""

import asyncio

from portal.live.ending import end


async def lose_cancellations(count: int) -> None:
    """Go on as redis-py does when its own time-out comes in the same moment as a cancellation."""
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not count:
                raise
            count -= 1


def test_a_task_that_loses_a_cancellation_is_cancelled_again() -> None:
    async def run() -> None:
        tasks = [asyncio.create_task(lose_cancellations(count)) for count in (0, 1, 2)]
        await asyncio.sleep(0)  # they have begun
        async with asyncio.timeout(30):
            await end(tasks, again_after=0.01)
        assert all(task.cancelled() for task in tasks)

    asyncio.run(run())


def test_what_a_task_raises_at_its_end_is_dropped() -> None:
    async def fail() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("the line is gone")

    async def run() -> None:
        task = asyncio.create_task(fail())
        await asyncio.sleep(0)
        await end([task], again_after=0.01)
        assert task.done()

    asyncio.run(run())
