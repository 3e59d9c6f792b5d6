"""Dialed connections that end while they begin: nothing is left of them."""

import asyncio
import gc
import weakref
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest

from portal.live import dials
from portal.live.dials import Dials
from tests.waiting import PATIENCE


class Silent:
    """A side that says nothing. `is_stuck`: its close waits for ever."""

    def __init__(self, *, is_stuck: bool = False) -> None:
        self.is_stuck, self.is_closing = is_stuck, asyncio.Event()

    async def receive(self) -> None:
        await asyncio.Event().wait()

    async def send(self, _frame: str | bytes) -> None:
        pass

    async def close(self, _code: int, _why: str) -> None:
        self.is_closing.set()
        if self.is_stuck:
            await asyncio.Event().wait()


@pytest.fixture
def dialed() -> Dials:
    return Dials(Counter())


async def test_who_comes_in_the_moment_in_which_the_other_leaves_does_not_wait_for_ever(dialed: Dials) -> None:
    key = uuid4()
    first = asyncio.create_task(dialed._meet(key, Silent()))
    await asyncio.sleep(0)
    second = asyncio.create_task(dialed._meet(key, Silent()))
    await asyncio.sleep(0)  # it has met the first, which does not know yet
    first.cancel()
    assert await asyncio.wait_for(second, 5) == "ended"
    assert (dialed.open, dialed.waiting) == (set(), {})


async def test_the_socket_of_who_is_cancelled_once_more_is_closed(dialed: Dials) -> None:
    key, agent, is_in, sides = uuid4(), Silent(is_stuck=True), asyncio.Event(), []

    async def ask() -> None:
        async with dialed.paired(key) as (side, _sock, _cut):
            sides.append(side)
            is_in.set()
            await asyncio.Event().wait()

    waiting = asyncio.create_task(dialed._meet(key, agent))  # the agent was first
    await asyncio.sleep(0)
    asking = asyncio.create_task(ask())
    await asyncio.wait_for(is_in.wait(), PATIENCE)
    for _time in range(2):
        asking.cancel()
        await asyncio.wait_for(agent.is_closing.wait(), PATIENCE)
    await asyncio.wait([asking, waiting], timeout=PATIENCE)
    assert sides[0].writer.is_closing()


async def test_the_head_of_a_dial_that_waits_takes_no_memory(dialed: Dials, monkeypatch: pytest.MonkeyPatch) -> None:
    heads, make = list[weakref.ref[Any]](), dials.request_of

    def request_of(scope: Any) -> Any:
        request = make(scope)
        heads.append(weakref.ref(request))
        return request

    async def used(*_values: Any) -> Any:
        return uuid4(), None

    async def connect() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(_message: Any) -> None:
        is_in.set()

    is_in = asyncio.Event()
    monkeypatch.setattr(dials, "request_of", request_of)
    monkeypatch.setattr(dialed, "ask", used)
    scope = {"type": "websocket", "path": dials.PATH, "query_string": b"", "headers": [(b"authorization", b"Dial x")]}
    serving = asyncio.create_task(dialed.serve(scope, connect, send))
    await asyncio.wait_for(is_in.wait(), PATIENCE)
    gc.collect()
    assert [head() for head in heads] == [None]
    serving.cancel()
