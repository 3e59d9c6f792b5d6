"""Visitors of ports whose machines sleep: held while they wake, and only so many, so much and for so long."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import asyncssh

from tunnels.agent.counts import Counts
from tunnels.agent.messages import WAKING, goodbye, page
from tunnels.agent.mishaps import Mishaps
from tunnels.agent.places import WANTED_FILES, Places
from tunnels.agent.relay import Stream, Visitor
from tunnels.agent.wishes import Wish

MOST_AT_A_PORT = 8
MOST_IN_ALL = 256
HELD_WINDOW = 128 << 10  # bytes; with 256 held, 40 MB at the very most
HOLD_SECONDS = 120.0
SSH_PATIENCE = 90.0  # seconds; longer, and an SSH client is told so
UNHEARD_SECONDS = 20.0  # for the portal to answer a knock at all
PAGE_SECONDS = 1.0  # a browser has its page by then
KNOCK_SECONDS = 2.0  # between two knocks of one port
AGAIN_SECONDS = 6.0  # between two about the same visitor: waking may have failed meanwhile
TICK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Answer:
    """A protocol.KnockAnswer by our own clock."""

    wakes: bool
    awake_at: float  # time.monotonic(), as far as is known
    words: str  # for the visitor, in the owner's language
    home: str = ""  # the portal's address for people


@dataclass
class Limits:
    """Limits and counts that all ports share, and the way to the portal."""

    hold_seconds: float = HOLD_SECONDS
    ssh_patience: float = SSH_PATIENCE
    held: int = 0
    mishaps: Mishaps = field(default_factory=Mishaps)
    places: Places = field(default_factory=lambda: Places.of_files(WANTED_FILES))
    knock: Callable[[str, str], Awaitable[Answer | None]] = field(init=False)  # the portal client's
    knocks: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(8))  # at once
    ports: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(100))  # opened or closed at once
    probes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(64))  # at once


class Waiters:
    """The held visitors of one port. It knocks for them until they can be passed on or are told why not."""

    def __init__(self, limits: Limits, wish: Wish) -> None:
        self.limits, self.wish = limits, wish
        self.held: dict[Stream, float] = {}  # since when
        self.answers: dict[str, Answer] = {}  # by address, of those who are held
        self.knock_at = 0.0  # time.monotonic()
        self.rounds: asyncio.Task[None] | None = None
        self.knocking: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> list[Stream]:
        """Return the visitors who may still be passed on."""
        return [stream for stream in self.held if not stream.got_message and not stream.gone]

    def hold(self, origin: str, counts: Counts) -> Visitor:
        """Hold a visitor. Raises asyncssh.ChannelOpenError when there are too many."""
        stream = Stream(origin, counts, self._left, self.limits.mishaps)
        stream.early = bytearray()
        self.take(stream)
        return stream.visitor

    def take(self, stream: Stream) -> None:
        """Hold a visitor who came already. Raises as hold does."""
        if len(self.held) >= MOST_AT_A_PORT or self.limits.held >= MOST_IN_ALL:
            self.limits.mishaps.turn_away(f"port {self.wish.port}: too many wait for a machine")
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_RESOURCE_SHORTAGE, "too many wait")
        stream.ended, stream.is_talk = self._left, self.wish.scheme == "ssh"
        if not self.held:
            self.answers.clear()
        self.held[stream] = time.monotonic()
        self.limits.held += 1
        if self.rounds is None or self.rounds.done():
            self.rounds = asyncio.create_task(self._attend())

    def follow(self, wish: Wish) -> None:
        """Take a new wish: who may no longer wait is refused."""
        self.wish = wish
        for stream in list(self.held):
            if not wish.admits(stream.origin):
                stream.cut()

    def release(self) -> list[Stream]:
        """Let go of all who wait, and return them: the target answers."""
        waiting = self.waiting
        for stream in waiting:
            self._left(stream)
        return waiting

    def _left(self, stream: Stream) -> None:
        if self.held.pop(stream, None) is not None:
            self.limits.held -= 1

    async def _attend(self) -> None:
        while self.held:
            now = time.monotonic()
            if (origin := self._next(now)) is not None:
                self.knock_at = now + KNOCK_SECONDS
                self.knocking = asyncio.create_task(self._knock(origin))
            for stream in self.waiting:
                if stream.visitor.way:
                    try:
                        self._look_after(stream, self.held[stream], now)
                    except Exception as error:
                        stream.fail("looking after a visitor who waits", error)
            await asyncio.sleep(TICK_SECONDS)

    def _look_after(self, stream: Stream, since: float, now: float) -> None:
        answer, waited, early = self.answers.get(stream.origin), now - since, stream.early or b""
        unheard = not self.answers and waited > UNHEARD_SECONDS
        # The request was read, or the visitor takes its time with it.
        has_asked = b"\r\n\r\n" in early or waited > PAGE_SECONDS
        if self.wish.scheme == "ssh" and _is_long(answer, since, now, self.limits.ssh_patience):
            stream.say(goodbye(answer.words if answer else WAKING))
        elif waited > self.limits.hold_seconds or unheard or (answer and not answer.wakes):
            stream.cut()
        elif self.wish.scheme == "http" and (answer or waited > PAGE_SECONDS) and has_asked:
            stream.say(page(bytes(early), home=answer.home if answer else ""))

    def _next(self, now: float) -> str | None:
        """Return the address to knock for now: one at a time, each has an answer of its own, which is asked for again after a while."""
        waiting = {stream.origin for stream in self.waiting}
        self.answers = {origin: answer for origin, answer in self.answers.items() if origin in waiting}
        if not waiting or now < self.knock_at or (self.knocking and not self.knocking.done()):
            return None
        if fresh := waiting - self.answers.keys():
            return fresh.pop()
        return waiting.pop() if now > self.knock_at - KNOCK_SECONDS + AGAIN_SECONDS else None

    async def _knock(self, origin: str) -> None:
        async with self.limits.knocks:
            try:
                if answer := await self.limits.knock(self.wish.id, origin):
                    self.answers[origin] = answer
            except Exception as error:
                self.limits.mishaps.fault("knocking at the portal", error)


def _is_long(answer: Answer | None, since: float, now: float, patience: float) -> bool:
    """Say whether waiting takes, or has taken, longer than an SSH client and the person before it bear."""
    if now - since > patience:
        return True
    return answer is not None and bool(answer.words) and (not answer.wakes or answer.awake_at - since > patience)
