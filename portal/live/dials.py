"""Dialed connections: an agent's websocket and the one who asked for it find each other by the ticket, and frames pass verbatim.

A ticket is all that lets one in: no cookie, no token. Whoever sends what only browsers send is refused before it is looked at.
A person's connections are asked for within this process (`Dials.connected`), where dial_door says who may.
"""

import asyncio
import contextlib
import logging
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from lib import seldom
from lib.side_by_side import until_first
from portal.live import dial_door, rights_watch
from portal.live.dial_sides import LocalSide, Side, SocketSide
from portal.live.entry import PERSON, Entry, Refused, request_of
from portal.live.reading import THREADS, read, read_rights
from tunnels import dialing
from tunnels.agent.protocol import DIAL_SECONDS
from tunnels.dial_actions import use_ticket
from tunnels.dialing import Way

log = logging.getLogger("portal.live")
PATH = "/live/dial"
MOST = 1000  # dialed connections, and those that wait for their other side
LONGEST_TICKET = 300
OF_BROWSERS = ("Origin", "Cookie", "Sec-Fetch-Site", "Sec-Fetch-Mode")
T = TypeVar("T")


@dataclass(eq=False)
class Meeting:
    """A dialed connection whose first side waits for the other."""

    first: Side
    began: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    why: str = "ended"
    restart: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False, slots=True)
class Watched:
    """A connection of a person, which is cut when their right to the machine ends."""

    entry: Entry
    machine: UUID
    cut: Callable[[], Any]
    tell: Callable[[str], Any] | None = None  # called first, with why: "rights" or "unsure"


@dataclass(eq=False, slots=True)
class Dialed:
    """A person's connection to a place of a machine. What was made of its socket is closed before it."""

    sock: socket.socket
    watched: Watched
    ends: contextlib.AsyncExitStack | None  # of what passes it on, where it is not direct

    async def close(self) -> None:
        self.sock.close()
        if self.ends:
            await self.ends.aclose()


class Dials:
    def __init__(self, counts: Counter[str]) -> None:
        self.counts = counts
        self.waiting: dict[UUID, Meeting] = {}
        self.open: set[Meeting] = set()
        self.watched: set[Watched] = set()
        self._turns = asyncio.Semaphore(THREADS)
        self.is_draining = False

    async def serve(self, scope: Any, receive: Any, send: Any) -> str:
        """Carry one websocket, an agent's or an asker's. Return why it ended. Raises Refused."""
        await receive()  # that it would like to connect
        ticket = _ticket(scope)
        self._check_room()
        used = await self.ask(use_ticket, ticket)
        if used is None:
            raise Refused(401, "ticket")
        await send({"type": "websocket.accept"})
        return await self._meet(used[0], SocketSide(receive, send))

    @contextlib.asynccontextmanager
    async def connected(self, *, machine: UUID, port: int, entry: Entry) -> AsyncIterator[socket.socket]:
        """Give a person a socket that is connected to a port of a machine. It is cut when their right ends.

        Raises what dial_door.way does, and DialFailed; as there, what was made of the socket must be closed before the end.
        """
        self._check_room()
        way = await self.ask(dial_door.way, entry, machine, port)
        async with self.along(way, machine=machine, entry=entry) as sock:
            yield sock

    @contextlib.asynccontextmanager
    async def along(
        self, way: Way, *, machine: UUID, entry: Entry, tell: Callable[[str], Any] | None = None
    ) -> AsyncIterator[socket.socket]:
        """Give a person the socket at the end of a way, as `dial` has it."""
        dialed = await self.dial(way, machine=machine, entry=entry, tell=tell)
        try:
            yield dialed.sock
        finally:
            await self.hang_up(dialed)

    async def dial(self, way: Way, *, machine: UUID, entry: Entry, tell: Callable[[str], Any] | None = None) -> Dialed:
        """Connect a person along a way that was asked for just now. Before it is cut for their right, `tell` hears why. Raises DialFailed."""
        self._check_room()
        if way.target:
            sock = await dialing.straight(way.target)
            dialed = Dialed(sock, Watched(entry, machine, partial(sock.shutdown, socket.SHUT_RDWR), tell), None)
        else:
            async with contextlib.AsyncExitStack() as ends:
                sock, cut = await ends.enter_async_context(self._passed_on(way))
                dialed = Dialed(sock, Watched(entry, machine, cut, tell), ends.pop_all())
        self.watched.add(dialed.watched)
        return dialed

    async def hang_up(self, dialed: Dialed) -> None:
        self.watched.discard(dialed.watched)
        await dialed.close()

    @contextlib.asynccontextmanager
    async def _passed_on(self, way: Way) -> AsyncIterator[tuple[socket.socket, Callable[[], Any]]]:
        """Give a connected socket, as dialing.connected does, and what cuts it."""
        if way.key is None:
            async with dialing.connected(way) as sock:
                yield sock, partial(sock.shutdown, socket.SHUT_RDWR)
            return
        async with self.paired(way.key) as (side, sock, cut):
            await side.wait()
            yield sock, cut

    @contextlib.asynccontextmanager
    async def paired(self, key: UUID) -> AsyncIterator[tuple[LocalSide, socket.socket, Callable[[], Any]]]:
        """Give the asker's side of a dial, which waits for the agent, the socket of its other half, and what cuts it."""
        self._check_room()
        ours, theirs = socket.socketpair()
        with theirs:
            side = LocalSide(*await asyncio.open_connection(sock=ours))
            meeting = asyncio.create_task(self._meet(key, side))
            try:
                yield side, theirs, meeting.cancel
            finally:
                theirs.close()
                meeting.cancel()
                try:
                    await asyncio.gather(meeting, return_exceptions=True)
                finally:  # also where we are cancelled once more
                    side.drop()

    async def guard(self) -> None:
        """Cut the connections of those whose right has ended, also where nobody can tell any more."""
        await rights_watch.watch(self._check_rights, self._cut_unsure)

    def _cut_unsure(self) -> None:
        # What goes on while nobody looks waits for the database: nobody sees anything of it before.
        self._cut([one for one in self.watched if one.entry.kind != PERSON], "unsure")

    async def _check_rights(self) -> bool:
        """Say whether everybody's rights are known to be right."""
        watched = list(self.watched)
        if not watched:
            return True
        try:
            good = await read_rights(dial_door.still, [(one.entry, one.machine) for one in watched])
        except Exception as error:
            seldom.warning(log, "dial rights", "rights could not be looked at: %r", error, memory=seldom.OWN)
            return not self.watched
        self._cut([one for place, one in enumerate(watched) if place not in good], "rights")
        return True

    def _cut(self, connections: list["Watched"], why: str) -> None:
        for one in connections:
            self.watched.discard(one)
            self.counts[f"dialed {why}"] += 1
            if one.tell:
                one.tell(why)
            with contextlib.suppress(OSError):  # closed in this moment
                one.cut()

    async def ask(self, ask: Callable[..., T], *values: Any) -> T:
        """Ask the database in turns: fifty dials at once together take longer than one call may, and others ask as well."""
        async with asyncio.timeout(DIAL_SECONDS), self._turns:
            return await read(ask, *values)

    def _check_room(self) -> None:
        if self.is_draining or len(self.open) + len(self.waiting) >= MOST:
            raise Refused(503, "draining" if self.is_draining else "full")

    def drain(self) -> None:
        """End all: each side is told that the process ends."""
        self.is_draining = True
        for meeting in [*self.open, *self.waiting.values()]:
            meeting.restart.set()
            meeting.began.set()

    async def _meet(self, key: UUID, side: Side) -> str:
        """Wait for the other side, or go to the one that waits; then pass on until one of them ends."""
        if self.is_draining:  # since its ticket was looked up; drain() has not seen this side
            return await self._leave(side, 1012, "restart")
        if meeting := self.waiting.pop(key, None):
            return await self._pass(meeting, side)
        meeting = self.waiting[key] = Meeting(side)
        try:
            async with asyncio.timeout(DIAL_SECONDS):
                await meeting.began.wait()
        except TimeoutError:
            if not meeting.began.is_set():  # in the same moment
                return await self._leave(side, 1013, "alone")
        except asyncio.CancelledError:
            meeting.restart.set()  # the other side may have come in the same moment
            raise
        finally:
            if self.waiting.get(key) is meeting:
                del self.waiting[key]
        if meeting not in self.open and not meeting.over.is_set():
            return await self._leave(side, 1012, "restart")
        try:
            await meeting.over.wait()
        finally:
            meeting.restart.set()  # where we were cancelled
        return meeting.why

    async def _leave(self, side: Side, code: int, why: str) -> str:
        self.counts[f"dialed {why}"] += 1
        await side.close(code, why)
        return why

    async def _pass(self, meeting: Meeting, side: Side) -> str:
        self.open.add(meeting)
        meeting.began.set()
        try:
            await until_first(_copy(meeting.first, side), _copy(side, meeting.first), meeting.restart.wait())
            meeting.why = "restart" if self.is_draining else "ended"
        finally:
            self.open.discard(meeting)
            self.counts[f"dialed {meeting.why}"] += 1
            code = 1012 if self.is_draining else 1000
            try:
                for end in (meeting.first, side):
                    await end.close(code, meeting.why)
            finally:  # also when it is cancelled once more: the other side waits for this
                meeting.over.set()
        return meeting.why


def _ticket(scope: Any) -> str:
    """Return the ticket of whoever comes. Raises Refused. The parsed head is let go with it: a dial stays open for long."""
    request = request_of(scope)
    if any(name in request.headers for name in OF_BROWSERS):
        raise Refused(403, "origin")
    kind, _blank, ticket = request.headers.get("Authorization", "").partition(" ")
    if kind != "Dial" or len(ticket) > LONGEST_TICKET:
        raise Refused(401, "ticket")
    return ticket


async def _copy(source: Side, sink: Side) -> None:
    """Pass frames on. The next is read when this one was taken, so that nothing piles up here."""
    while (frame := await source.receive()) is not None:
        await sink.send(frame)
