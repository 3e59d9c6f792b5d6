"""Websockets of consoles: who holds one, the log's tail on one, and the end of each when the right to it ends."""

import asyncio
import json
import re
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from lib import seldom
from lib.side_by_side import until_first
from portal.live import rights_watch
from portal.live.consoles import console_door
from portal.live.consoles.console_calls import Calls
from portal.live.consoles.console_door import LOG, SERIAL, Place
from portal.live.consoles.console_text import news
from portal.live.consoles.serial_bridge import Bridge, Ended
from portal.live.consoles.tails import Tail, Tails, log
from portal.live.dial_sides import SocketSide
from portal.live.entry import Entry, Refused, check, enter
from portal.live.hub import Hub
from portal.live.reading import read, read_rights
from portal.live.sockets import Meter
from portal.live.terminals.frames import PONG, is_ping
from portal.live_addresses import MACHINE_ID

_PATH = re.compile(f"/live/console/{MACHINE_ID}(/serial)?")
MOST, MOST_OF_A_PERSON = 500, 8  # consoles that are open
# Close codes, as a terminal's. What a page cannot mend by coming back begins with 40.
CODES = {
    "left": 1000, "restart": 1012, "unsure": 1013, "ended": 4000, "elsewhere": 4001, "rights": 4003, "not_offered": 4004,
    "busy": 4005, "flood": 4008, "taken": 4009, "idle": 4010,
}  # fmt: skip


@dataclass(eq=False)
class Viewer:
    """A console that somebody has open."""

    entry: Entry
    machine: UUID
    verb: str
    place: Place
    tail: Tail | None = None
    ended: "asyncio.Future[str]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    gone: asyncio.Event = field(default_factory=asyncio.Event)  # it has let go of the line

    def end(self, why: str) -> None:
        if not self.ended.done():
            self.ended.set_result(why)


def found_in(path: str) -> tuple[UUID, str] | None:
    """Return the machine and the verb of a console's address; None for any other."""
    found = _PATH.fullmatch(path)
    return (UUID(found[1]), SERIAL if found[2] else LOG) if found else None


class Consoles:
    """All open consoles of this process."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.calls = Calls()
        self.tails = Tails(self.calls)
        self.viewers: set[Viewer] = set()
        self.typists: dict[UUID, Viewer] = {}  # by machine: whoever has its serial line, or waits for it
        self.is_draining = False

    async def serve(self, machine: UUID, verb: str, scope: Any, receive: Any, send: Any) -> str:
        """Carry one websocket. Return why it ended. Raises Refused before it is let in."""
        await receive()  # that it would like to connect
        check(scope)
        self._check_room()
        await self.hub.take_turn(scope, receive)
        entry: Entry = await read(enter, scope)
        place = await read(console_door.look, entry, machine, verb)
        self._check_room(entry)
        viewer = Viewer(entry, machine, verb, place)
        self.viewers.add(viewer)
        why = "left"
        try:
            await send({"type": "websocket.accept"})
            side = SocketSide(receive, send)
            why = await self._carry(viewer, side)
            viewer.gone.set()
            await side.close(CODES[why], why)
        finally:
            viewer.gone.set()
            self.viewers.discard(viewer)
            self.hub.counts[f"console {why}"] += 1
        return why

    def _check_room(self, entry: Entry | None = None) -> None:
        if self.is_draining or len(self.viewers) >= MOST:
            raise Refused(503, "draining" if self.is_draining else "full")
        if entry and sum(one.entry.person.pk == entry.person.pk for one in self.viewers) >= MOST_OF_A_PERSON:
            raise Refused(429, "too_many")

    async def _carry(self, viewer: Viewer, side: SocketSide) -> str:
        """Show the log, or pass the line on, until one side ends or the viewer may no more. Return why."""
        if viewer.verb == LOG:
            return await _first(viewer, self._show(viewer, side), _listen(side))
        before = self.typists.get(viewer.machine)
        if before and before.entry.person.pk != viewer.entry.person.pk:
            return "taken"
        self.typists[viewer.machine] = viewer
        try:
            return await self._type(viewer, side, before)
        finally:
            if self.typists.get(viewer.machine) is viewer:
                del self.typists[viewer.machine]

    async def _type(self, viewer: Viewer, side: SocketSide, before: Viewer | None) -> str:
        if before:
            before.end("elsewhere")
            await before.gone.wait()  # the line takes one at a time
        if viewer.ended.done():  # taken by a third, meanwhile
            return viewer.ended.result()
        return await _first(viewer, self._bridge(viewer, side))

    async def _bridge(self, viewer: Viewer, side: SocketSide) -> str:
        try:
            way = await self.calls.ask("serial_console", viewer.place) if viewer.place.server_id else None
        except Exception as error:
            seldom.warning(log, "serial", "a serial console could not be opened: %r", error, memory=seldom.OWN)
            return "busy"
        if way is None:
            return "not_offered"
        try:
            await Bridge(side).carry(way)
        except Ended as end:
            return end.why
        return "ended"

    async def _show(self, viewer: Viewer, side: SocketSide) -> str:
        """Send what is new of the tail. Who reads slowly gets the newest, and not all between."""
        tail = viewer.tail = self.tails.join(viewer.machine, viewer.place)
        shown, told = "", None
        try:
            while True:
                changed = tail.changed
                facts = (tail.state, tail.has_serial)
                if facts != told:
                    told = facts
                    await side.send(json.dumps({"type": "state", "state": tail.state, "serial": tail.has_serial}))
                if tail.text != shown:
                    new, shown = news(shown, tail.text), tail.text
                    await side.send(
                        json.dumps({"type": "log", "fresh": new is None, "text": shown if new is None else new})
                    )
                await changed.wait()
        finally:
            self.tails.leave(tail)

    # ---- what goes on all the time ----

    async def guard(self) -> None:
        """End the consoles of those whose right has ended, also where nobody can tell any more; follow machines to other servers."""
        await rights_watch.watch(self._check, self._end_unsure)

    def _end_unsure(self) -> None:
        for viewer in self.viewers:
            viewer.end("unsure")

    async def _check(self) -> bool:
        viewers = list(self.viewers)
        if not viewers:
            return True
        try:
            places = await read_rights(console_door.still, [(one.entry, one.machine, one.verb) for one in viewers])
        except Exception as error:
            seldom.warning(log, "console rights", "rights could not be looked at: %r", error, memory=seldom.OWN)
            return not self.viewers
        for number, viewer in enumerate(viewers):
            if number not in places:
                viewer.end("rights")
            elif viewer.tail:
                viewer.tail.place = places[number]
        return True

    def drain(self) -> None:
        """Let nobody in any more, and end all."""
        self.is_draining = True
        for viewer in self.viewers:
            viewer.end("restart")
        self.calls.close()


async def _listen(side: SocketSide) -> str:
    """Read what a viewer of a log sends: now and then the question whether anybody is there."""
    meter = Meter()
    while (frame := await side.receive()) is not None:
        if meter.is_beyond():
            return "flood"
        if is_ping(frame):
            await side.send(PONG)
    return "left"


async def _first(viewer: Viewer, *works: Awaitable[str]) -> str:
    """Run these side by side until the first returns, or the viewer is ended. Return why."""
    try:
        ended = await until_first(asyncio.shield(viewer.ended), *works)
        why: str = (viewer.ended if viewer.ended.done() else ended[0]).result()
        return why
    except OSError:
        return "left"  # it hung up while something was sent
