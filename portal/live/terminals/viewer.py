"""A viewer of a terminal: what waits to be sent on its websocket, in order, and how much of that it has shown."""

import asyncio
import contextlib
import json
from collections import deque
from typing import Any

from django.utils.translation import override

from portal.live.entry import Entry
from portal.live.terminals import endings
from portal.live.terminals.endings import Ending
from portal.live.terminals.window import Window

FRAME = 64 * 1024  # bytes
CLOSE_SECONDS = 2.0  # for a viewer to take what it is told at the end


class Viewer:
    """One websocket. `size` is (columns, rows) of its screen."""

    __slots__ = ("_close", "_queue", "_send", "_wake", "ended", "entry", "language", "size", "window")

    def __init__(self, send: Any, entry: Entry, language: str, size: tuple[int, int]) -> None:
        self.entry, self.language, self.size = entry, language, size
        self.window = Window()
        self.ended: Ending | None = None
        self._send = send
        self._queue: deque[bytes | str] = deque()
        self._wake = asyncio.Event()

    def tell(self, **facts: Any) -> None:
        """Send a text frame."""
        if self.ended is None:
            self._put(json.dumps(facts))

    def show(self, output: bytes) -> None:
        """Send output of the terminal."""
        if self.ended is None:
            self.window.given(len(output))
            self._put(output)

    def end(self, ending: Ending) -> None:
        """Send nothing more but why it ends."""
        if self.ended is None:
            with override(self.language):
                self.tell(**endings.facts(ending))
            self.ended = ending
            self._wake.set()

    def _put(self, frame: bytes | str) -> None:
        self._queue.append(frame)
        self._wake.set()

    async def deliver(self) -> None:
        """Send until the end. Pieces of output that wait together become one frame."""
        with contextlib.suppress(OSError, RuntimeError):  # the other side is gone; whoever receives from it notices
            while self.ended is None:
                await self._wake.wait()
                self._wake.clear()
                await self._send_all()
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._send_all()
                await self._send({"type": "websocket.close", "code": self.ended.code, "reason": self.ended.word})

    async def _send_all(self) -> None:
        while self._queue:
            frame = self._queue.popleft()
            if isinstance(frame, str):
                await self._send({"type": "websocket.send", "text": frame})
            else:
                await self._send({"type": "websocket.send", "bytes": self._joined(frame)})

    def _joined(self, output: bytes) -> bytes:
        """Return the piece, filled up with those behind it to a whole frame."""
        if len(output) > FRAME:
            self._queue.appendleft(output[FRAME:])
            return output[:FRAME]
        pieces, count = [output], len(output)
        while self._queue and isinstance(self._queue[0], bytes) and count + len(self._queue[0]) <= FRAME:
            pieces.append(self._queue.popleft())  # type: ignore[arg-type]
            count += len(pieces[-1])
        return b"".join(pieces) if len(pieces) > 1 else output
