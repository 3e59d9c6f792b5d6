"""uvicorn's websocket with bounds: what one side makes the other keep in memory."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.asyncio.client import connect

from portal.live.wire import Wire
from tests.waiting import PATIENCE


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


async def test_of_tiny_frames_few_wait_and_none_is_lost() -> None:
    app = Taker()
    wires: list[Wire] = []
    config = Config(app, ws=Wire, lifespan="off", log_config=None)
    config.load()

    def wire() -> Wire:
        wires.append(Wire(config, ServerState(), {}))
        return wires[-1]

    server = await asyncio.get_running_loop().create_server(wire, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sent = [str(number % 10) for number in range(30_000)]
    async with connect(f"ws://127.0.0.1:{port}/", proxy=None, compression=None, open_timeout=PATIENCE) as line:
        line.transport.write(b"".join(b"\x81\x81" + bytes(4) + word.encode() for word in sent))
        await asyncio.sleep(0.2)
        most = wires[0].queue.qsize()
        app.goes_on.set()
    await asyncio.wait_for(app.is_done.wait(), PATIENCE)
    server.close()
    assert (most < 3000, app.got == sent) == (True, True), (most, len(app.got))
