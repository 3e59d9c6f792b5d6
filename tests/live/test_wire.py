"""uvicorn's websocket with bounds: what one side makes the other keep in memory."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.asyncio.client import connect

from portal.live.wire import Wire
from tests.waiting import PATIENCE

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\n\r\n"
)


class Taker:
    """An application that takes frames once it is told to."""

    def __init__(self) -> None:
        self.goes_on, self.is_done = asyncio.Event(), asyncio.Event()
        self.got: list[str] = []

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await self.goes_on.wait()
        while (message := await receive())["type"] == "websocket.receive":
            self.got.append(message["text"])
        self.is_done.set()


class Asked:
    """An application that lets one in, keeps the scope, and waits until the other side goes."""

    def __init__(self) -> None:
        self.scope: Any = None
        self.is_in = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope, self.names = scope, {name.lower() for name, _value in scope["headers"]}
        await receive()
        await send({"type": "websocket.accept"})
        self.is_in.set()
        await receive()


@contextlib.asynccontextmanager
async def served(app: Any) -> AsyncIterator[tuple[str, list[Wire]]]:
    """Give the address of a server, and what it makes of each connection."""
    wires: list[Wire] = []
    config = Config(app, ws=Wire, lifespan="off", log_config=None)
    config.load()

    def wire() -> Wire:
        wires.append(Wire(config, ServerState(), {}))
        return wires[-1]

    server = await asyncio.get_running_loop().create_server(wire, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/", wires
    finally:
        server.close()


async def test_heads_take_no_memory_once_they_are_answered() -> None:
    app = Asked()
    async with served(app) as (address, wires), connect(address, proxy=None, open_timeout=PATIENCE):
        await asyncio.wait_for(app.is_in.wait(), PATIENCE)
        kept = app.scope["headers"], list(wires[0].request.headers.raw_items()), list(wires[0].response.headers)
    assert (b"sec-websocket-key" in app.names, kept) == (True, ([], [], []))


async def test_of_tiny_frames_few_wait_and_none_is_lost() -> None:
    app = Taker()
    sent = [str(number % 10) for number in range(30_000)]
    async with (
        served(app) as (address, wires),
        connect(address, proxy=None, compression=None, open_timeout=PATIENCE) as line,
    ):
        line.transport.write(b"".join(b"\x81\x81" + bytes(4) + word.encode() for word in sent))
        await asyncio.sleep(0.2)
        most = wires[0].queue.qsize()
        app.goes_on.set()
        await line.close()
        await asyncio.wait_for(app.is_done.wait(), PATIENCE)
    assert (most < 3000, app.got == sent) == (True, True), (most, len(app.got))


async def test_a_message_in_endless_empty_pieces_is_cut_off() -> None:
    async with (
        served(Taker()) as (address, wires),
        connect(address, proxy=None, compression=None, open_timeout=PATIENCE) as line,
    ):
        line.transport.write(b"\x01\x80" + bytes(4) + (b"\x00\x80" + bytes(4)) * 1000)
        await asyncio.wait_for(line.wait_closed(), PATIENCE)
        await _until(lambda: wires[0].disconnected)


class Leaver:
    """An application that says much, and closes."""

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "bytes": bytes(30_000_000)})
        await send({"type": "websocket.close"})


async def test_who_reads_nothing_is_cut_off_soon_after_the_close(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Wire, "pause_writing", lambda _wire: None)  # all of it waits when it closes
    async with served(Leaver()) as (address, wires):
        line = socket.create_connection(("127.0.0.1", urlsplit(address).port or 0))
        line.sendall(UPGRADE)
        await _until(lambda: bool(wires and wires[0].close_timer))
        wires[0].close_timer._run()  # type: ignore[union-attr]  # its ten seconds are over
        await _until(lambda: wires[0].disconnected)
        line.close()


async def _until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not what():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
