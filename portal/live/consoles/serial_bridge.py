"""A serial line between a browser and the cloud: bytes both ways, no more on their way than the browser has shown."""

import asyncio
import json
import ssl
from typing import TYPE_CHECKING, Any

from cloud.contract import SerialConsole
from lib.side_by_side import until_first
from portal.live.dial_sides import SocketSide
from portal.live.sockets import Meter
from portal.live.terminals.frames import PONG, Ack, BadFrame, Ping
from portal.live.terminals.frames import read as read_frame
from portal.live.terminals.window import Window

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

OPEN_SECONDS = 10.0  # for the cloud's own websocket
MOST_MESSAGE_BYTES = 2**20  # that the cloud may send at once
PIECE_BYTES = 32768
IDLE_SECONDS = 1800.0  # nothing typed for so long: the line is somebody else's, too
FRAMES_A_SECOND, FRAMES_AT_ONCE = 60.0, 200.0  # typed and acknowledged
TAKEN = 4009  # how the local cloud closes a line that somebody else has


class Ended(Exception):
    """The bridge ended for this reason: one of console_sockets.CODES."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Bridge:
    """A browser at a serial line."""

    def __init__(self, side: SocketSide) -> None:
        self.side = side
        self.window = Window()
        self.has_shown = asyncio.Event()  # the browser, more than before
        self.meter = Meter(FRAMES_A_SECOND, FRAMES_AT_ONCE)
        self.typed_at = asyncio.get_running_loop().time()

    async def carry(self, way: SerialConsole) -> None:
        """Pass bytes until one side ends. Raises Ended."""
        from websockets.asyncio.client import connect  # 4 MB that a process without serial consoles need not carry
        from websockets.exceptions import WebSocketException

        try:
            async with connect(way.url, **_options(way)) as line:
                await self.side.send('{"type":"open"}')
                await self._pass(line)
        except (OSError, TimeoutError, WebSocketException) as error:
            raise Ended("busy") from error

    async def _pass(self, line: "ClientConnection") -> None:
        for work in await until_first(self._type(line), self._show(line), self._watch()):
            work.result()

    async def _type(self, line: "ClientConnection") -> None:
        """Read frames of the browser. The next is read when the line has taken this one."""
        while (frame := await self.side.receive()) is not None:
            if self.meter.is_beyond():
                raise Ended("flood")
            if isinstance(frame, bytes):
                self.typed_at = asyncio.get_running_loop().time()
                await line.send(frame)
            else:
                await self._heed(frame)
        raise Ended("left")

    async def _heed(self, text: str) -> None:
        """Take an acknowledgement, answer a ping. A serial line has no size, so a new one changes nothing."""
        try:
            frame = read_frame(text)
            if isinstance(frame, Ack):
                self.window.acknowledged(frame.bytes)
                self.has_shown.set()
            elif isinstance(frame, Ping):
                await self.side.send(PONG)
        except BadFrame as fault:
            await self.side.send(json.dumps({"type": "bad", "text": str(fault)}))

    async def _show(self, line: "ClientConnection") -> None:
        async for message in line:
            data = memoryview(message.encode() if isinstance(message, str) else message)
            while data:
                while self.window.is_full:
                    self.has_shown.clear()
                    await self.has_shown.wait()
                piece = bytes(data[:PIECE_BYTES])
                data = data[len(piece) :]
                self.window.given(len(piece))
                await self.side.send(piece)
        if line.close_code == TAKEN:
            raise Ended("taken")

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while (left := self.typed_at + IDLE_SECONDS - loop.time()) > 0:  # noqa: ASYNC110 - how long changes meanwhile
            await asyncio.sleep(left)
        raise Ended("idle")


def _options(way: SerialConsole) -> dict[str, Any]:
    """Return how the cloud's websocket is opened: as by a program, without an Origin, which Nova's proxy asks of browsers alone."""
    context = ssl.create_default_context(cafile=way.ca or None) if way.url.startswith("wss:") else None
    return {
        "additional_headers": way.headers, "subprotocols": ["binary"], "compression": None, "proxy": None, "ssl": context,
        "open_timeout": OPEN_SECONDS, "close_timeout": 1, "max_size": MOST_MESSAGE_BYTES, "max_queue": 4, "user_agent_header": None,
    }  # fmt: skip
