"""The ends of a dialed connection: a websocket, or a socket within this process."""

import asyncio
import contextlib
from typing import Any, Protocol

from tunnels import dialing
from tunnels.agent.protocol import DIAL_EOF, DIAL_SECONDS, FRAME_BYTES
from tunnels.dialing import DialFailed

Frame = str | bytes


class Side(Protocol):
    """An end of a dialed connection."""

    async def receive(self) -> Frame | None: ...

    async def send(self, frame: Frame) -> None: ...

    async def close(self, code: int, why: str) -> None: ...


class SocketSide:
    """A websocket."""

    def __init__(self, receive: Any, send: Any) -> None:
        self._receive, self._send = receive, send
        self.is_over = False

    async def receive(self) -> Frame | None:
        message = await self._receive()
        if message["type"] != "websocket.receive":
            self.is_over = True
            return None
        text, data = message.get("text"), message.get("bytes")
        return text if text is not None else data or b""

    async def send(self, frame: Frame) -> None:
        await self._send({"type": "websocket.send", "text" if isinstance(frame, str) else "bytes": frame})

    async def close(self, code: int, why: str) -> None:
        if not self.is_over:
            self.is_over = True
            with contextlib.suppress(Exception):  # it may have gone in this moment
                await self._send({"type": "websocket.close", "code": code, "reason": why})


class LocalSide:
    """The asker within this process: its socket's other half."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.first: asyncio.Future[str] = asyncio.get_running_loop().create_future()  # the fault, '' when connected
        self.opening: Frame = ""  # the agent's first frame
        self.has_said_all = False

    async def wait(self) -> None:
        """Return when the target is reached. Raises DialFailed."""
        try:
            async with asyncio.timeout(DIAL_SECONDS + 5):
                fault = await self.first
        except TimeoutError:
            raise DialFailed("no_answer") from None
        if fault:
            raise DialFailed(fault)

    async def receive(self) -> Frame | None:
        if self.has_said_all:
            await asyncio.Event().wait()  # until the other side has, too
        with contextlib.suppress(OSError):
            data = await self.reader.read(FRAME_BYTES)
            self.has_said_all = not data
            return data or DIAL_EOF
        return None

    async def send(self, frame: Frame) -> None:
        if not self.first.done():
            self.opening = frame
            self.first.set_result(dialing.read_first(frame))
        elif frame == DIAL_EOF:
            self.writer.write_eof()
        else:
            self.writer.write(frame if isinstance(frame, bytes) else frame.encode())
            await self.writer.drain()

    async def close(self, code: int, why: str) -> None:
        if not self.first.done():
            self.first.set_result("agent_away" if why == "alone" else "live_away")
        self.writer.close()

    def drop(self) -> None:
        self.first.cancel()
        self.writer.close()
