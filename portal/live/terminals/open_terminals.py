"""The terminals of this process: how many there may be, who looks at which, and when one that nobody looks at ends."""

import asyncio
import logging
from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from portal.live import ticket_entry
from portal.live.dials import Watched
from portal.live.entry import Refused, address_of
from portal.live.guest_connections import Guests
from portal.live.reading import read
from portal.live.sockets import Meter
from portal.live.terminals import endings, frames, terminal_door
from portal.live.terminals.endings import MOST_OF_A_MACHINE, MOST_OF_A_PERSON, Ending
from portal.live.terminals.frames import Ack, BadFrame
from portal.live.terminals.late_closings import LateClosings
from portal.live.terminals.terminal import Key, Terminal
from portal.live.terminals.turns import Turns
from portal.live.terminals.viewer import Viewer
from portal.live.unread import ABORT

log = logging.getLogger("portal.live")
MOST = 1200  # of this process
FRAMES_A_SECOND, FRAMES_AT_ONCE = 200.0, 1000.0  # of a viewer: typing, acknowledging, a large paste
SWEEP_SECONDS = 60.0
DRAIN_SECONDS = 2.0


class OpenTerminals:
    def __init__(self, guests: Guests, counts: Counter[str], take_turn: Any) -> None:
        self.guests, self.counts = guests, counts
        self.take_turn = take_turn  # see Admission.wait
        self.terminals: dict[Key, Terminal] = {}
        self.used_at: dict[UUID, datetime] = {}  # machines that were used lately: see use_reports
        self.used_again = asyncio.Event()  # a machine of which that was not known
        self.is_draining = False
        self.late = LateClosings(guests)
        self._turns = Turns()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, scope: Any, receive: Any, send: Any) -> str:
        """Carry a viewer's websocket. Return why it ended. Raises Refused before it is let in."""
        await receive()  # that it would like to connect
        machine, name = terminal_door.address(scope)
        ticket_entry.check(scope)
        if self.is_draining:
            raise Refused(503, "draining")
        await self.take_turn(address_of(scope), receive)
        entry, language = await read(terminal_door.enter, scope, machine)
        await send({"type": "websocket.accept"})
        viewer = Viewer(send, entry, language, terminal_door.size(scope), scope["state"][ABORT])
        delivering = asyncio.create_task(viewer.deliver())
        try:
            await self._look(Key(machine, entry.person.pk, name), viewer, scope, receive)
        finally:
            await self._leave(viewer, delivering)
        return viewer.ended.word if viewer.ended else "left"

    async def _look(self, key: Key, viewer: Viewer, scope: Any, receive: Any) -> None:
        """Show a terminal until its viewer leaves or is told to."""
        terminal = self._terminal(key, viewer)
        if isinstance(terminal, Ending):
            return viewer.end(terminal)
        watched = Watched(viewer.entry, key.machine, lambda: None, lambda why: viewer.end(endings.of_right(why)))
        self.guests.dials.watched.add(watched)
        try:
            terminal.attach(viewer, *terminal_door.seen(scope))
            self._tell_names(key)
            await self._follow(terminal, viewer, receive)
        finally:
            terminal.detach(viewer)
            self.guests.dials.watched.discard(watched)

    async def _leave(self, viewer: Viewer, delivering: asyncio.Task[None]) -> None:
        if viewer.ended is None:  # it hung up
            delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)
        self.counts[f"terminals {viewer.ended.word if viewer.ended else 'left'}"] += 1

    async def _follow(self, terminal: Terminal, viewer: Viewer, receive: Any) -> None:
        """Pass on what the viewer sends."""
        meter = Meter(FRAMES_A_SECOND, FRAMES_AT_ONCE)
        while (message := await receive())["type"] == "websocket.receive":
            if viewer.ended:
                continue  # until it hangs up
            if not await self._take(message, terminal, viewer) and meter.is_beyond():
                viewer.end(endings.FLOOD)

    async def _take(self, message: Any, terminal: Terminal, viewer: Viewer) -> bool:
        """Do what a frame says. Return whether it costs nothing: an acknowledgement of a frame of ours."""
        if data := message.get("bytes"):
            terminal.typed(data)
            return False
        try:
            frame = frames.read(message.get("text") or "")
            await terminal.told(frame)
        except BadFrame as error:
            viewer.tell(type="bad", text=str(error))
            return False
        return isinstance(frame, Ack) and viewer.window.answers_a_frame()

    # ---- which there are ----

    def _terminal(self, key: Key, viewer: Viewer) -> Terminal | Ending:
        """Return the terminal of this name, a new one if need be, or why there can be none."""
        found = self.terminals.get(key)
        if found and not found.is_over:
            return found
        if why := self._why_not(key):
            return why
        self.late.forget(key)
        terminal = self.terminals[key] = Terminal(key, viewer.entry, viewer.size, self._note_use, self._turns)
        task = asyncio.create_task(self._run(terminal))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return terminal

    def _note_use(self, machine: UUID) -> None:
        if machine not in self.used_at:
            self.used_again.set()
        self.used_at[machine] = timezone.now()

    def _why_not(self, key: Key) -> Ending | None:
        if self.is_draining:
            return endings.RESTART
        going_on = [one for one in self.terminals.values() if not one.is_over]  # others take a moment to be closed
        mine = [one for one in going_on if one.key.person == key.person]
        if len(mine) >= MOST_OF_A_PERSON and not self._make_room(mine):
            return endings.TOO_MANY
        if sum(one.key.machine == key.machine for one in going_on) >= MOST_OF_A_MACHINE:
            return endings.TOO_MANY_THERE
        return endings.FULL if len(self.terminals) >= MOST else None

    def _make_room(self, mine: list[Terminal]) -> bool:
        """Let go of the person's terminal that was left longest, if its shell goes on in tmux."""
        left = [one for one in mine if one.viewer is None and one.survives]
        if left:
            self._drop(min(left, key=lambda one: one.left_at))
        return bool(left)

    def _drop(self, terminal: Terminal) -> None:
        terminal.stop()
        if self.terminals.get(terminal.key) is terminal:
            del self.terminals[terminal.key]

    async def _run(self, terminal: Terminal) -> None:
        try:
            await terminal.run(self.guests)
        finally:
            if self.terminals.get(terminal.key) is terminal:
                del self.terminals[terminal.key]
                if terminal.is_unclosed:
                    self.late.add(terminal.key, terminal.entry)
            self._tell_names(terminal.key)

    def _tell_names(self, key: Key) -> None:
        """Tell a person's viewers of a machine which terminals they have there."""
        theirs = [
            one for one in self.terminals.values() if one.key.person == key.person and one.key.machine == key.machine
        ]
        for one in theirs:
            if one.viewer:
                one.viewer.tell(type="names", names=sorted(other.key.name for other in theirs))

    # ---- what goes on all the time ----

    async def sweep(self) -> None:
        """Let go of terminals that nobody has looked at for long. In tmux their shells go on."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            since = asyncio.get_running_loop().time() - settings.TERMINAL_KEEP_HOURS * 3600
            for terminal in list(self.terminals.values()):
                if terminal.viewer is None and terminal.left_at < since:
                    self.counts["terminals forgotten"] += 1
                    self._drop(terminal)

    async def drain(self) -> None:
        """Open none any more, and end all: each viewer is told to come back."""
        self.is_draining = True
        for terminal in list(self.terminals.values()):
            terminal.stop(endings.RESTART)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=DRAIN_SECONDS)
        for task in list(self._tasks):  # those that wait for a guest
            task.cancel()


def of_machines(terminals: OpenTerminals) -> Counter[UUID]:
    """Return how many terminals are open in each machine."""
    return Counter(key.machine for key, one in terminals.terminals.items() if one.is_open)
