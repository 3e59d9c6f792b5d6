"""Calls to the database from the event loop."""

import asyncio
import threading

from portal.live.admission import Admission
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


async def test_nobody_is_let_in_whom_nobody_can_look_up() -> None:
    goes_on = threading.Event()
    crowd = [asyncio.create_task(read(goes_on.wait, PATIENCE)) for _ in range(10 * THREADS)]
    await asyncio.sleep(0)
    visit = asyncio.create_task(Admission().wait("192.0.2.1", asyncio.Event().wait))
    await asyncio.sleep(0.05)
    is_in = visit.done()
    goes_on.set()
    await asyncio.gather(*crowd, visit)
    assert not is_in
