"""The open connections of this process: how many there may be, what reaches whom, and when they end."""

import asyncio
import logging
import random
import secrets
from collections import Counter, deque
from collections.abc import Collection
from typing import Any

from accounts.models import User
from lib import seldom
from portal.live import rights, rights_watch
from portal.live.admission import Admission
from portal.live.entry import Entry, Refused, address_of, key_of
from portal.live.reading import read, read_rights
from portal.live.rights import Change
from portal.live.stream import GAP, Deliver, Message, Stream

log = logging.getLogger("portal.live")
MOST_OF_A_PERSON = 20  # connections
MOST = 5000  # of this process
RESTART_SECONDS = 0.5  # until the next process can answer; a page that comes too early tries again soon
TOLD_A_SECOND = 60  # pages; some more than may enter, so that no entry is left unused
GATHER_SECONDS = 0.1  # changes of so long are looked up in one go
KEPT = 2000  # changes that a connection can catch up on
ALIVE_SECONDS = 15.0
PERSON = "person"  # the kind of a change by which somebody's right may have ended: it is looked at without waiting


class Hub:
    def __init__(self) -> None:
        self.streams: set[Stream] = set()
        self.counts: Counter[str] = Counter()  # for /metrics
        self.is_draining = False
        self.hears_changes = False  # whether changes reach us
        self.admission = Admission()
        self._epoch, self._number = secrets.token_hex(4), 0
        self._kept: deque[tuple[int, Change]] = deque(maxlen=KEPT)
        self._heard: dict[Change, None] = {}
        self._flush: asyncio.Task[None] | None = None
        self._rights_changed = asyncio.Event()

    # ---- coming and going ----

    async def take_turn(self, scope: Any, receive: Any) -> None:
        """Wait until it is one's turn to enter. Raises Refused where too many wait, or the person has too many connections."""
        if self.is_draining:
            raise Refused(503, "draining")
        if self._is_full_of(key_of(scope)):
            raise Refused(429, "too_many")  # `open` refuses them, too, but by then the turn is used up
        await self.admission.wait(address_of(scope), receive)

    def _is_full_of(self, key: str) -> bool:
        return sum(stream.entry.key == key for stream in self.streams) >= MOST_OF_A_PERSON

    async def open(self, entry: Entry, deliver: Deliver, last: str = "") -> Stream:
        """Let a connection in, and send what it missed since the change `last`, or that it must reload all. Raises Refused."""
        if self.is_draining or len(self.streams) >= MOST:
            raise Refused(503, "draining" if self.is_draining else "full")
        if sum(stream.entry.person.pk == entry.person.pk for stream in self.streams) >= MOST_OF_A_PERSON:
            raise Refused(429, "too_many")
        stream = Stream(entry, deliver)
        self.streams.add(stream)
        stream.push(self._state())
        try:
            stream.push(*await self._missed(stream, last))
        except Exception:
            stream.push(GAP)
        return stream

    def close(self, stream: Stream) -> None:
        """Forget a connection that has ended."""
        if stream in self.streams:
            self.streams.discard(stream)
            self.counts[f"ended {stream.ended or 'left'}"] += 1

    async def drain(self) -> None:
        """Let nobody in any more, and end all connections: each is told a time of its own to come back."""
        self.is_draining = True
        streams = random.sample(list(self.streams), len(self.streams))
        for place, stream in enumerate(streams):
            stream.end("restart", round(1000 * (RESTART_SECONDS + place / TOLD_A_SECOND)))
        async with asyncio.timeout(2):
            await asyncio.gather(*(stream.settle() for stream in streams))

    # ---- changes ----

    def begin_hearing(self) -> None:
        """Note that changes reach us from now on. Nobody knows of those before."""
        self.hears_changes = True
        self._epoch = secrets.token_hex(4)
        self._kept.clear()
        for stream in self.streams:
            stream.push(self._state(), GAP)

    def stop_hearing(self) -> None:
        """Note that changes reach us no more: pages must poll."""
        if self.hears_changes:
            self.hears_changes = False
            for stream in self.streams:
                stream.push(self._state())

    def hear(self, changes: Collection[Change]) -> None:
        """Take in changes; they are sent a moment later, together with those that come meanwhile."""
        self.counts["heard"] += len(changes)
        if any(kind == PERSON for kind, _id in changes):
            self._rights_changed.set()
        self._heard.update(dict.fromkeys(change for change in changes if change[0] != PERSON))
        if self._heard and self._flush is None:
            self._flush = asyncio.get_running_loop().create_task(self._send_heard())

    async def _send_heard(self) -> None:
        try:
            while self._heard:
                await asyncio.sleep(GATHER_SECONDS)
                changes, self._heard = list(self._heard), {}
                people = {stream.person.pk: stream.person for stream in self.streams}
                await self._send(changes, people)
        finally:
            self._flush = None

    async def _send(self, changes: list[Change], people: dict[int, User]) -> None:
        try:
            known = await read(rights.recipients, changes, people.values())
        except Exception as error:
            seldom.warning(log, "changes", "changes could not be passed on: %r", error, memory=seldom.OWN)
            for stream in self.streams:
                stream.push(GAP)
            return
        messages = [(self._keep(change), known.get(change, ())) for change in changes]
        for stream in self.streams:
            if stream.person.pk not in people:
                stream.push(GAP)  # it came while the rows were read
            elif mine := [message for message, whose in messages if stream.person.pk in whose]:
                self.counts["sent"] += len(mine)
                stream.push(*mine)

    def _keep(self, change: Change) -> Message:
        self._number += 1
        self._kept.append((self._number, change))
        return self._message(self._number, change)

    def _message(self, number: int, change: Change) -> Message:
        return Message("change", " ".join(change), f"{self._epoch}-{number}")

    async def _missed(self, stream: Stream, last: str) -> list[Message]:
        """Return the changes after `last`; a gap where nobody knows them (any more)."""
        epoch, _dash, number = last.partition("-")
        first = self._kept[0][0] if self._kept else self._number + 1
        if epoch != self._epoch or not number.isdecimal() or int(number) < first - 1:
            return [GAP]
        later = [(number_of, change) for number_of, change in self._kept if number_of > int(number)]
        known = await read(rights.recipients, [change for _n, change in later], [stream.person])
        return [self._message(n, change) for n, change in later if known.get(change)]

    def _state(self) -> Message:
        return Message("state", "live" if self.hears_changes else "blind")

    # ---- what goes on all the time ----

    async def stay_alive(self) -> None:
        """Send a sign of life to each connection now and then, so that proxies keep it and a browser sees that it works."""
        while True:
            await asyncio.sleep(1)
            now = asyncio.get_running_loop().time()
            for stream in self.streams:
                if int(now - stream.opened_at) % int(ALIVE_SECONDS) == 0 and now - stream.opened_at > 1:
                    stream.push(Message("alive"))

    async def guard(self) -> None:
        """End the connections of those whose right has ended: all are looked at in one query."""
        await rights_watch.watch(self._check, self._end_unsure, sooner=self._rights_changed)

    def _end_unsure(self) -> None:
        for stream in self.streams:
            stream.end("unsure")

    async def _check(self) -> bool:
        """End the streams of those whose right has ended; whose roles have changed reloads all. Return whether everybody's rights could be read."""
        streams = list(self.streams)
        if not streams:
            return True
        try:
            people = await read_rights(rights.still, [stream.entry for stream in streams])
        except Exception as error:
            seldom.warning(log, "rights", "rights could not be looked at: %r", error, memory=seldom.OWN)
            return not self.streams
        for place, stream in enumerate(streams):
            if place not in people:
                stream.end("rights")
                continue
            if people[place].held_roles != stream.person.held_roles:
                stream.push(GAP)  # what is open may be no longer theirs to see
            stream.person = people[place]
        return True
