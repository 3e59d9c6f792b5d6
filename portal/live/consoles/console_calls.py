"""Calls of the cloud about consoles. They block, so they have a few threads of their own, and none beyond."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cloud import open_consoles
from portal.live.consoles.console_door import Place

THREADS = 4  # and as many calls at once, whatever the number of viewers
SECONDS = 10.0  # for a call; its thread is free again when the cloud's own limit has ended it


class NotSetUp(Exception):
    """The live process has no account of the cloud."""


class Calls:
    """A call waits until a thread is free, then has its seconds."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="consoles")
        self._free = asyncio.Semaphore(THREADS)
        self._is_closed = False

    async def ask(self, verb: str, place: Place, *values: Any) -> Any:
        """Return what the cloud's verb returns. Raises NotSetUp, CloudError, TimeoutError."""
        await self._free.acquire()
        if self._is_closed:
            raise TimeoutError
        running = asyncio.get_running_loop().run_in_executor(self._threads, _call, verb, place, values)
        running.add_done_callback(self._end)
        async with asyncio.timeout(SECONDS):
            return await asyncio.shield(running)

    def close(self) -> None:
        """Give the threads back; no call begins any more."""
        self._is_closed = True
        self._threads.shutdown(wait=False)

    def _end(self, running: "asyncio.Future[Any]") -> None:
        self._free.release()
        if not running.cancelled():
            running.exception()  # nobody may be left who waits for it


def _call(verb: str, place: Place, values: tuple[Any, ...]) -> Any:
    consoles = open_consoles()
    if consoles is None:
        raise NotSetUp
    return getattr(consoles, verb)(place.server_id, *values, project=place.project)
