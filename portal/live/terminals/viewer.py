"""A viewer of a terminal: what waits to be sent on its websocket, in order, and how much of that it has shown."""

import asyncio
import json
from typing import Any

from django.utils.translation import override

from lib.small_waits import SmallEvent
from portal.live.entry import Entry
from portal.live.terminals import endings
from portal.live.terminals.endings import Ending
from portal.live.terminals.window import Window

FRAME = 64 * 1024  # bytes
MOST_WAITING = 200  # frames; a viewer may ask for many small ones, and read few
CLOSE_SECONDS = 2.5  # for a viewer to take what it is told at the end; then it is cut off


class Viewer:
    """A websocket. `size` is (columns, rows) of its screen. `cut` ends it at once, also where nobody reads."""

    __slots__ = ("_cut", "_limit", "_queue", "_send", "_wake", "ended", "entry", "language", "size", "window")

    def __init__(self, send: Any, entry: Entry, language: str, size: tuple[int, int], cut: Any) -> None:
        self.entry, self.language, self.size = entry, language, size
        self.window = Window()
        self.ended: Ending | None = None
        self._send, self._cut = send, cut
        self._queue: list[bytearray | str] = []
        self._limit: asyncio.Timeout | None = None
        self._wake = SmallEvent()

    def tell(self, **facts: Any) -> None:
        """Send a text frame; end a viewer for whom too many wait."""
        if len(self._queue) >= MOST_WAITING:
            self.end(endings.FLOOD)
        elif self.ended is None:
            self._put(json.dumps(facts))

    def show(self, output: bytes) -> None:
        """Send output of the terminal."""
        if self.ended is None:
            self.window.given(len(output))
            if self._queue and isinstance(self._queue[-1], bytearray) and len(self._queue[-1]) < FRAME:
                self._queue[-1] += output
            else:
                self._put(bytearray(output))

    def end(self, ending: Ending) -> None:
        """Send nothing more but why it ends."""
        if self.ended is None:
            with override(self.language):
                self._put(json.dumps(endings.facts(ending)))
            self.ended = ending
            self._wake.set()
            self._hurry()

    def _hurry(self) -> None:
        """Bound what is left of the delivery; who does not see the end of a shell sees no more of its output."""
        if self.ended and self.ended is not endings.EXITED:
            self._queue = [frame for frame in self._queue if isinstance(frame, str)]
        if self._limit:
            self._limit.reschedule(asyncio.get_running_loop().time() + CLOSE_SECONDS)

    def _put(self, frame: bytearray | str) -> None:
        self._queue.append(frame)
        self._wake.set()

    async def deliver(self) -> None:
        """Send until the end, which has a moment. Pieces of output that wait together become one frame."""
        try:
            async with asyncio.timeout(None) as self._limit:
                await self._deliver()
        except TimeoutError:  # which is an OSError, too
            self._cut()
        except (OSError, RuntimeError):
            pass  # the other side is gone; whoever receives from it notices
        finally:
            self._limit = None

    async def _deliver(self) -> None:
        if self.ended:
            self._hurry()
        while self.ended is None:
            await self._wake.wait()
            self._wake.clear()
            await self._send_all()
        await self._send_all()
        await self._send({"type": "websocket.close", "code": self.ended.code, "reason": self.ended.word})

    async def _send_all(self) -> None:
        while self._queue:
            frame = self._queue.pop(0)
            if isinstance(frame, str):
                await self._send({"type": "websocket.send", "text": frame})
            else:
                if len(frame) > FRAME:
                    self._queue.insert(0, frame[FRAME:])
                self.window.unanswered += 1
                await self._send({"type": "websocket.send", "bytes": bytes(memoryview(frame)[:FRAME])})
