"""Calls to the database from the event loop."""

import asyncio
import threading

from portal.live.reading import THREADS, read, read_rights
from tests.waiting import PATIENCE


async def test_rights_do_not_wait_behind_a_crowd() -> None:
    goes_on = threading.Event()
    crowd = [asyncio.create_task(read(goes_on.wait, PATIENCE)) for _ in range(10 * THREADS)]
    await asyncio.sleep(0)
    try:
        assert await read_rights(len, "known") == 5
    finally:
        goes_on.set()
        await asyncio.gather(*crowd)
