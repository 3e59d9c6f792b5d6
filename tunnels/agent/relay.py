"""Relay a visitor's connection to the target and back: with half-close, and no more in memory than two windows."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from tunnels.agent.mishaps import Mishaps, guarded
from tunnels.agent.stream_ends import Target, Visitor

REACH_SECONDS = 10.0  # for a target to take a visitor
FLUSH_SECONDS = 30.0  # for either side to take some of what the other left behind
DRAIN_SECONDS = 1.0  # between two looks whether it did
EOF_SECONDS = 30.0  # that a stream lasts once one side has said all: see Stream._look
BIRTH_SECONDS = 10.0  # for the visitor's channel, once the target has answered
LINGER_SECONDS = 3.0  # for a visitor to read what we said last
# The internet knocks on every public port. A connection that ends sooner and smaller than this was nobody at work: a scanner, a
# password that was guessed. The handshake of SSH and three refused passwords are some 8 kB.
BRIEF_SECONDS = 30.0
BRIEF_BYTES = 64 << 10
MOST_EARLY = 32 << 10  # bytes of a held visitor; the rest waits in the channel's window


@dataclass(slots=True)
class Counts:
    """Counts since the last report. In: from visitors to the target."""

    bytes_in: int = 0
    bytes_out: int = 0
    bytes_used: int = 0  # of both, without connections that were brief
    refused: int = 0
    last_byte_at: float = 0.0  # seconds since 1970


class Stream:
    """The visitor's channel and the connection to the target.

    `ended` is called once, when both are gone. Whatever is called here from outside raises nothing: an exception cuts the
    stream, see guarded().
    """

    def __init__(
        self, origin: str, counts: Counts, ended: Callable[["Stream"], None], mishaps: Mishaps | None = None
    ) -> None:
        self.origin = origin
        self.counts = counts
        self.ended = ended
        self.mishaps = mishaps or Mishaps()
        self.visitor = Visitor(self)
        self.target = Target(self)
        self.visitor_said_all = self.target_said_all = False
        self.early: bytearray | None = None  # of a visitor who is held: what it said so far
        self.is_told = False  # that it will not be passed on
        self.is_talk = False  # nobody speaks last in it: one side's end is the end
        self.gone = False
        self.began = self.moved_at = time.time()
        self.brief: int | None = 0  # bytes while nobody can tell whether this is more than a knock; then None
        self._is_watched = self._has_ended = False

    def passed(self, size: int) -> None:
        """Count bytes that went through, in either direction."""
        counts, now = self.counts, time.time()
        counts.last_byte_at = self.moved_at = now
        if self.brief is None:
            counts.bytes_used += size
            return
        self.brief += size
        if self.brief > BRIEF_BYTES or now - self.began > BRIEF_SECONDS:
            counts.bytes_used += self.brief
            self.brief = None

    async def reach(self, host: str, port: int, seconds: float) -> None:
        """Connect to the target. Raises OSError, TimeoutError, or whatever an unusable target brings about."""
        loop = asyncio.get_running_loop()
        wanted = loop.create_connection(lambda: self.target, host, port)
        transport, _target = await asyncio.wait_for(wanted, seconds)
        if self.gone:
            transport.abort()
            raise ConnectionAbortedError("cut off while it was being reached")
        loop.call_later(BIRTH_SECONDS, self.end_unborn)

    @guarded
    def join(self) -> None:
        """Join visitor and target, once it is reached: it hears what its visitor said while it was held."""
        early, self.early = bytes(self.early or b""), None
        chan, transport = self.visitor.chan, self.target.transport
        if self.gone or chan is None or chan.is_closing() or transport is None:
            return self.cut()
        transport.write(early)
        if self.visitor_said_all:
            transport.write_eof()
            self._watch()
        chan.resume_reading()
        transport.resume_reading()

    @guarded
    def say(self, words: bytes) -> None:
        """Tell a visitor who is held why it is not passed on, and leave it the time to read it."""
        chan = self.visitor.chan
        if self.gone or chan is None or chan.is_closing():
            return self.cut()
        self.is_told = True
        chan.write(words)
        chan.write_eof()
        chan.resume_reading()  # a socket with unread bytes would be reset, and our words with it
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self.end)
        self.target_said_all = True
        self._saw_eof()

    def keep(self, early: bytearray, data: bytes) -> None:
        """Keep what a visitor says while it is held."""
        if not self.is_told:
            early += data
            if len(early) >= MOST_EARLY and self.visitor.chan:
                self.visitor.chan.pause_reading()

    @guarded
    def end_unborn(self) -> None:
        """Cut a stream whose gateway went away before it opened the visitor's channel."""
        if self.visitor.chan is None:
            self.cut()

    def visitor_ended(self) -> None:
        self.visitor_said_all = True
        self._saw_eof()

    def target_ended(self) -> None:
        self.target_said_all = True
        self._saw_eof()

    def _saw_eof(self) -> None:
        if (self.visitor_said_all and self.target_said_all) or self._has_left():
            self.end()
        elif self.early is None:
            self._watch()

    def _has_left(self) -> bool:
        """Whether a held visitor has hung up. The gateway cannot tell that from having said all; but who waits for nothing has hung up."""
        return self.early is not None and not self.is_told and (self.is_talk or not self.early)

    def _watch(self) -> None:
        """End a stream whose one side has said all, when its time has come."""
        if not self._is_watched:
            self._is_watched = True
            self.moved_at = time.time()
            asyncio.get_running_loop().call_later(EOF_SECONDS, self._look)

    @guarded
    def _look(self) -> None:
        quiet = time.time() - self.moved_at
        if self.gone:
            return
        # A target that still answers has its time. A visitor has not: it would keep its place with a byte now and then.
        if self.target_said_all or quiet >= EOF_SECONDS:
            self.end()
        else:
            asyncio.get_running_loop().call_later(EOF_SECONDS - quiet, self._look)

    @guarded
    def end(self) -> None:
        """Close both sides once what was written has been sent."""
        if self.gone:
            return
        self.gone = True
        loop, chan, transport = asyncio.get_running_loop(), self.visitor.chan, self.target.transport
        if chan and chan.get_write_buffer_size():
            # Once close() was called on a channel that still has something to send, nothing can end it any more.
            chan.write_eof()
            self._drain(chan.get_write_buffer_size(), loop.time() + FLUSH_SECONDS)
        elif chan:
            chan.close()
        if transport:
            transport.close()
            loop.call_later(FLUSH_SECONDS, transport.abort)
        self.settle()

    @guarded
    def _drain(self, before: int, until: float) -> None:
        """Close the channel when its visitor has taken all. One who takes nothing cannot keep us waiting."""
        chan, loop = self.visitor.chan, asyncio.get_running_loop()
        if chan is None or self.visitor.is_lost:
            return
        left = chan.get_write_buffer_size()
        if not left:
            return chan.close()
        if left < before:
            until = loop.time() + FLUSH_SECONDS
        elif loop.time() > until:
            return self.cut()
        loop.call_later(DRAIN_SECONDS, self._drain, left, until)

    def cut(self) -> None:
        """Close both sides now."""
        self.gone = True
        for side in (self.visitor.chan, self.target.transport):
            try:
                if side:
                    side.abort()
            except Exception as error:
                self.mishaps.fault("Stream.cut", error)
        self.settle()

    def fail(self, doing: str, error: Exception) -> None:
        """End this stream, and nothing else, for an exception in it."""
        self.mishaps.fault(doing, error)
        self.cut()

    def settle(self) -> None:
        """Say that the stream has ended, once the gateway has closed the channel: until then the visitor takes up room there."""
        if self.gone and not self._has_ended and (self.visitor.chan is None or self.visitor.is_lost):
            self._has_ended = True
            self.ended(self)
