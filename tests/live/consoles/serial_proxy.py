"""A websocket server in the place of Nova's serial proxy."""

import asyncio
import contextlib
import threading
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.ports import free_port
from tests.waiting import PATIENCE


class SerialProxy:
    """Takes a token in its address and the subprotocol binary, and echoes in capitals."""

    def __init__(self) -> None:
        self.url = f"ws://127.0.0.1:{free_port()}/?token=secret"
        self.heads: list[Any] = []
        self.flood = b""
        self._is_up, self._over = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        self._is_up.wait(PATIENCE)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        port = int(self.url.split(":")[2].split("/")[0])
        async with serve(self._carry, "127.0.0.1", port, subprotocols=["binary"], close_timeout=1):  # type: ignore[list-item]
            self._is_up.set()
            await self._over.wait()

    async def _carry(self, line: ServerConnection) -> None:
        assert line.request is not None
        self.heads.append((line.request.path, line.request.headers.get("Origin"), line.subprotocol))
        with contextlib.suppress(ConnectionClosed):
            await self._answer(line)

    async def _answer(self, line: ServerConnection) -> None:
        while self.flood:
            await line.send(self.flood)
        async for message in line:
            assert isinstance(message, bytes)
            await line.send(message.upper())

    def stop(self) -> None:
        with contextlib.suppress(RuntimeError):  # it has been stopped
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE)
