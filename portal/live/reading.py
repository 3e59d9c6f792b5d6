"""Short calls to the database from the event loop: a few threads for all streams, and no connection kept between calls."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from threading import Barrier
from typing import Any, TypeVar

from django.db import connections

THREADS = 2  # for all that is asked by whoever comes
CONNECTIONS = THREADS + 1  # of the pool: each thread has one, while it asks
SECONDS = 3.0  # for a call; the stream, or the check, then does without
T = TypeVar("T")
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="rows")
# Behind a crowd at the door nobody's right would be certain.
_rights = ThreadPoolExecutor(1, thread_name_prefix="rights")


def start() -> None:
    """Start all threads now: later ones would be taken for the cost of a stream."""
    together = Barrier(THREADS)
    for _ in range(THREADS):
        _threads.submit(together.wait, SECONDS)  # not for ever, where two start at once
    _rights.submit(int)


async def read(ask: Callable[..., T], *values: Any) -> T:
    """Return ask(*values), which may ask the database. Raises its exceptions, and TimeoutError."""
    return await _on(_threads, ask, values)


async def read_rights(ask: Callable[..., T], *values: Any) -> T:
    """Read the rights of those who are connected, as `read` does but without waiting behind others."""
    return await _on(_rights, ask, values)


def is_behind() -> bool:
    """Say whether calls wait for a thread. Who would be let in now waits behind them, whosever turn it is."""
    return _threads._work_queue.qsize() > THREADS


async def _on(threads: ThreadPoolExecutor, ask: Callable[..., T], values: tuple[Any, ...]) -> T:
    context = copy_context()  # log lines of the thread carry the request, too
    running = asyncio.get_running_loop().run_in_executor(threads, context.run, _ask, ask, values)
    async with asyncio.timeout(SECONDS):
        return await running


def _ask(ask: Callable[..., T], values: tuple[Any, ...]) -> T:
    try:
        return ask(*values)
    finally:
        connections.close_all()
