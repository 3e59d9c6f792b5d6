"""Waiting that takes little memory, beside asyncio's own."""

import asyncio
import sys

from lib.small_waits import SmallEvent, SmallQueue


async def test_all_who_wait_for_an_event_go_on_but_who_gave_up() -> None:
    event = SmallEvent()
    waiting = [asyncio.create_task(event.wait()) for _one in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    await asyncio.sleep(0)
    event.set()
    others = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in others] == [bool, asyncio.CancelledError, bool]


async def test_things_come_out_in_order_also_to_who_waits() -> None:
    queue: SmallQueue[int] = SmallQueue()
    first = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    for one in (1, 2, 3):
        queue.put_nowait(one)
    assert (await first, queue.qsize(), await queue.get(), await queue.get(), queue.empty()) == (1, 2, 2, 3, True)


async def test_who_gives_up_takes_nothing_with_them() -> None:
    queue: SmallQueue[int] = SmallQueue()
    gone = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    gone.cancel()
    queue.put_nowait(1)
    (end,) = await asyncio.gather(gone, return_exceptions=True)
    assert (type(end), await queue.get()) == (asyncio.CancelledError, 1)


def test_an_event_takes_less_than_asyncios() -> None:
    """Memory is its claim: of the same interpreter, both counted alike."""
    small, usual = SmallEvent(), asyncio.Event()
    assert 5 * sys.getsizeof(small._waiters) < sys.getsizeof(usual._waiters)
