"""An open connection: what waits to be sent on it, and its end.

While nothing is to be sent it costs no task of its own: the connection's own task waits for the other side to hang up.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic

from portal.live.entry import Entry

UNREAD = "unread"  # in a request's state where its other side took nothing any more: portal.live.unread
MOST_WAITING = 100  # messages; of who reads more slowly than they come, all are dropped for one "gap"


@dataclass(frozen=True, slots=True)
class Message:
    """`name`: state (live, or blind), gap (reload all), change (kind and id), alive, bye (why, and when to come back)."""

    name: str
    data: str = ""
    id: str = ""


GAP = Message("gap")
Deliver = Callable[[list[Message], str], Awaitable[None]]


class Stream:
    """`deliver` sends messages; its second value is why the connection ends with them, or empty."""

    __slots__ = ("_sending", "_waiting", "deliver", "ended", "entry", "opened_at", "person")

    def __init__(self, entry: Entry, deliver: Deliver) -> None:
        self.entry, self.person, self.deliver = entry, entry.person, deliver
        self.opened_at = monotonic()
        self.ended = ""  # why
        self._waiting: list[Message] = []
        self._sending: asyncio.Task[None] | None = None

    def push(self, *messages: Message) -> None:
        if self.ended:
            return
        self._waiting += messages
        if len(self._waiting) > MOST_WAITING:
            self._waiting = [GAP]
        self._send()

    def end(self, why: str, come_back_ms: int = 0) -> None:
        """Send nothing more but why it ends, and when to come back where that is known."""
        if not self.ended:
            self.ended = why
            self._waiting = [Message("bye", f"{why} {come_back_ms}" if come_back_ms else why)]
            self._send()

    async def settle(self) -> None:
        """Wait until nothing waits."""
        if self._sending is not None:
            await asyncio.wait([self._sending])

    def _send(self) -> None:
        if self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._waiting:
                messages, self._waiting = self._waiting, []
                await self.deliver(messages, self.ended if messages[-1].name == "bye" else "")
        except (OSError, RuntimeError):
            self._waiting.clear()  # the other side is gone; its own task will notice
        finally:
            self._sending = None
