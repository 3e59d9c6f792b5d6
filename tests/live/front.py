"""A proxy with one address for web and live, as an installation has it: below /live/ it leads to live."""

import asyncio
import threading
from typing import Any

from tests.ports import free_port
from tests.waiting import PATIENCE

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Front:
    """`ways`: the port for /live/, and the port for everything else. Each connection carries one request."""

    def __init__(self, live: int, web: int) -> None:
        self.live, self.web = live, web
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self._serve(),))
        self.is_up = threading.Event()
        self.thread.start()
        assert self.is_up.wait(PATIENCE)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.ended.set)
        self.thread.join(PATIENCE)
        self.loop.close()

    async def _serve(self) -> None:
        self.ended = asyncio.Event()
        self.lines: set[asyncio.Task[Any]] = set()
        server = await asyncio.start_server(self._carry, "localhost", self.port)
        self.is_up.set()
        await self.ended.wait()
        server.close()
        for line in self.lines:
            line.cancel()
        await asyncio.gather(*self.lines, return_exceptions=True)
        await asyncio.sleep(0)  # so that what was closed or cut is gone before the loop is

    async def _carry(self, *visitor: Any) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.lines.add(task)
        try:
            await self._pass_on(visitor[0], visitor[1])
        except (OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            if self.ended.is_set():
                visitor[1].transport.abort()  # a browser that reads no more would keep it open
            visitor[1].close()
            self.lines.discard(task)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        port = self.live if head.split(b" ", 2)[1].startswith(b"/live/") else self.web
        inner_reader, inner_writer = await asyncio.open_connection("localhost", port)
        inner_writer.write(
            head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n").replace(b"Connection: keep-alive\r\n", b"")
        )
        try:
            while more := await inner_reader.read(65536):
                writer.write(more)
        finally:
            inner_writer.close()
