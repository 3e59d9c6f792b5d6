"""Fifty dialed connections at once: what they hold."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager

import psutil
import pytest
from django.db import connection

from tests.tunnels.dial_fixtures import echo as echo
from tests.tunnels.dial_fixtures import live as live
from tests.tunnels.dial_fixtures import stage as stage
from tests.tunnels.dial_fixtures import vps as vps
from tests.tunnels.dial_stage import DialStage, as_worker, echo_of, entry_of
from tests.tunnels.targets import Target
from tests.waiting import PATIENCE, until
from tunnels.dialing import connected, way_to

pytestmark = [
    pytest.mark.urls("tests.tunnels.urls"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("tunnels-dialing"),
    pytest.mark.slow,
]
MANY = 50
Opening = AbstractAsyncContextManager[socket.socket]


def costs(stage: DialStage) -> tuple[int, int, int]:
    """Threads here (web, live, a worker), without those of targets; threads of the agent; connections to the database."""
    here = sum("(_meet)" not in thread.name for thread in threading.enumerate())
    with connection.cursor() as cursor:
        cursor.execute(  # an autovacuum worker is nobody's connection
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
        )
        sessions = int(cursor.fetchone()[0])
    return here, psutil.Process(stage.agent.process.pid).num_threads(), sessions


def usual_costs(stage: DialStage) -> tuple[int, ...]:
    """The most of each in some moments: web, too, takes a thread now and then, for a report of the agent."""
    seen = []
    for _ in range(10):
        seen.append(costs(stage))
        time.sleep(0.05)
    return tuple(map(max, zip(*seen, strict=True)))


class Crowd:
    """Clients that are connected at once, in one loop."""

    def __init__(self) -> None:
        self.there, self.may_leave = 0, asyncio.Event()
        self.turns = asyncio.Semaphore(8)  # opened at once: an agent waits five seconds for the live process

    async def all(self, openings: list[Opening]) -> list[bytes]:
        return list(await asyncio.gather(*map(self._one, openings)))

    async def _one(self, opening: Opening) -> bytes:
        async with AsyncExitStack() as stack:
            async with self.turns:
                sock = await stack.enter_async_context(opening)
            self.there += 1
            await self.may_leave.wait()
            return await echo_of(b"hello")(*await asyncio.open_connection(sock=sock))


@contextmanager
def _worker() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.mark.parametrize("place", ["worker", "live"])
def test_fifty_at_once_hold_no_thread_and_no_connection_to_the_database(
    stage: DialStage, echo: Target, place: str
) -> None:
    tunnel, crowd = stage.tunnel(echo.port), Crowd()
    machine, entry = stage.machine(tunnel), entry_of(stage.student)
    as_worker(tunnel, echo_of(b"x"))  # what is begun once for all is there from here on

    def opening() -> Opening:
        if place == "worker":
            return connected(way_to(tunnel_id=tunnel.pk, by=None))
        return stage.dials.connected(machine=machine.pk, port=echo.port, entry=entry)

    with _worker() as worker:
        loop = worker if place == "worker" else stage.live.loop
        before = usual_costs(stage)
        answers = asyncio.run_coroutine_threadsafe(crowd.all([opening() for _ in range(MANY)]), loop)
        until(lambda: crowd.there == MANY or answers.done())
        until(lambda: answers.done() or all(now <= most for now, most in zip(costs(stage), before, strict=True)))
        loop.call_soon_threadsafe(crowd.may_leave.set)
        assert answers.result(PATIENCE) == [b"hello"] * MANY
