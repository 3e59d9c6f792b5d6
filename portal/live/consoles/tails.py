"""Tails of console logs: one read for all who look at a machine, every two seconds, and none while nobody looks."""

import asyncio
import logging
from dataclasses import dataclass, field
from uuid import UUID

from cloud.contract import CloudBusy, CloudError, CloudGone
from lib import seldom
from portal.live.consoles.console_calls import Calls, NotSetUp
from portal.live.consoles.console_door import Place
from portal.live.consoles.console_text import readable

log = logging.getLogger("portal.live")
PAUSE_SECONDS = 2.0  # between two reads
SLOWER = 3  # times as long as a read took: a busy cloud is asked less
LONGEST_PAUSE = 30.0
LINES = 400
SERIAL_EVERY = 15  # reads after which is asked again whether there is a serial console


@dataclass(eq=False)
class Tail:
    """Facts about a machine's console. `state`: reading, ok, empty, off (no server), not_set_up, busy, gone, refused."""

    machine: UUID
    place: Place
    viewers: int = 0
    reads: int = 0
    text: str = ""
    state: str = "reading"
    has_serial: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def show(self, state: str, text: str | None = None, has_serial: bool | None = None) -> None:
        """Note what is known now, and wake those who look where it is new."""
        new = (state, self.text if text is None else text, self.has_serial if has_serial is None else has_serial)
        if new != (self.state, self.text, self.has_serial):
            self.state, self.text, self.has_serial = new
            self.changed.set()
            self.changed = asyncio.Event()


class Tails:
    """Tails by machine, each with a task that reads for as long as somebody looks."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.open: dict[UUID, Tail] = {}
        self._readers: dict[UUID, asyncio.Task[None]] = {}

    def join(self, machine: UUID, place: Place) -> Tail:
        if machine not in self.open:
            tail = self.open[machine] = Tail(machine, place)
            self._readers[machine] = asyncio.get_running_loop().create_task(self._follow(tail))
        self.open[machine].viewers += 1
        return self.open[machine]

    def leave(self, tail: Tail) -> None:
        tail.viewers -= 1
        if not tail.viewers and self.open.get(tail.machine) is tail:
            del self.open[tail.machine]
            self._readers.pop(tail.machine).cancel()

    async def _follow(self, tail: Tail) -> None:
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            wait = await self._read(tail)
            await asyncio.sleep(min(LONGEST_PAUSE, max(PAUSE_SECONDS, wait, SLOWER * (loop.time() - begun))))

    async def _read(self, tail: Tail) -> float:
        """Read once. Return for how many seconds the cloud wants to be left alone."""
        if not tail.place.server_id:
            tail.show("off", has_serial=False)
            return 0
        tail.reads += 1
        try:
            text = readable(await self.calls.ask("console_log", tail.place, LINES))
            tail.show("ok" if text.strip() else "empty", text, await self._has_serial(tail))
        except CloudBusy as error:
            tail.show("busy")
            return error.retry_after or 0
        except Exception as error:
            tail.show(_state_of(error))
        return 0

    async def _has_serial(self, tail: Tail) -> bool:
        """Ask at first, then now and then while there is none: each question costs a token of the cloud. The log is shown whatever it answers."""
        if tail.has_serial or tail.reads % SERIAL_EVERY != 1:
            return tail.has_serial
        try:
            return await self.calls.ask("serial_console", tail.place) is not None
        except Exception as error:
            _state_of(error)  # names it in the log
            return False


def _state_of(error: Exception) -> str:
    """Return what people read of a fault; a fault of ours, or of the account, is named in the log."""
    if isinstance(error, NotSetUp):
        return "not_set_up"
    if isinstance(error, TimeoutError):
        return "busy"
    if isinstance(error, CloudGone):
        return "gone"
    seldom.warning(log, "console", "a console could not be read: %r", error, memory=seldom.OWN)
    return "refused" if isinstance(error, CloudError) else "busy"
