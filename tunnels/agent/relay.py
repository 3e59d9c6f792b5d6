"""Relay a visitor's connection to the target and back: with half-close, and no more in memory than two windows."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import asyncssh

from tunnels.agent.counts import Counts
from tunnels.agent.mishaps import Mishaps, guarded

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


class End:
    """An end of a stream. `way` is the visitor's SSH channel or the target's TCP transport, which take the same calls."""

    def __init__(self, stream: "Stream") -> None:
        self.stream = stream
        self.way: Any = None
        self.said_all = False
        self.is_lost = False

    @property
    def peer(self) -> "End":
        stream = self.stream
        return stream.target if self is stream.visitor else stream.visitor

    @property
    def is_writable(self) -> bool:
        return self.way is not None and not self.way.is_closing()

    def fail(self, doing: str, error: Exception) -> None:
        self.stream.fail(doing, error)

    @guarded
    def connection_made(self, way: Any) -> None:
        self.way = way

    @guarded
    def data_received(self, data: bytes, datatype: int | None = None) -> None:
        stream, peer = self.stream, self.peer
        if self is stream.visitor:
            stream.counts.bytes_in += len(data)
        else:
            stream.counts.bytes_out += len(data)
        stream.passed(len(data))
        if stream.early is not None:
            stream.keep(stream.early, data)
        elif peer.is_writable:
            peer.way.write(data)

    @guarded
    def eof_received(self) -> bool:
        if self.stream.early is None and self.peer.is_writable:
            self.peer.way.write_eof()
        self.said_all = True
        self.stream.saw_eof()
        return True

    @guarded
    def pause_writing(self) -> None:
        if self.peer.way:
            self.peer.way.pause_reading()

    @guarded
    def resume_writing(self) -> None:
        if self.peer.way:
            self.peer.way.resume_reading()


class Visitor(End, asyncssh.SSHTCPSession[bytes]):
    """The visitor's end: a channel of the SSH connection."""

    @guarded
    def session_started(self) -> None:
        stream = self.stream
        if stream.gone:
            stream.cut()
        elif stream.early is None and stream.target.is_writable:
            stream.target.way.resume_reading()
        elif stream.early is None:
            stream.end()

    @guarded
    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
        if self.stream.gone:
            self.stream.settle()
        elif exc:
            self.stream.cut()
        else:
            self.stream.end()


class Target(End, asyncio.Protocol):
    """The target's end: a TCP connection inside the cluster."""

    @guarded
    def connection_made(self, way: Any) -> None:
        self.way = way
        way.pause_reading()  # until the visitor's channel is there

    @guarded
    def connection_lost(self, exc: Exception | None) -> None:
        self.stream.end()


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
        self.visitor, self.target = Visitor(self), Target(self)
        self.early: bytearray | None = None  # what a held visitor has sent so far; None: not held
        self.got_message = False  # the visitor was told why it is not passed on
        self.is_talk = False  # SSH: a visitor who has said all has hung up
        self.gone = False
        self.began = self.moved_at = time.time()
        self.brief: int | None = 0  # bytes while nobody can tell whether this is more than a scanner's visit; then None
        self._has_ended = False

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

    async def reach(self, host: str, port: int) -> None:
        """Connect to the target. Raises OSError (TimeoutError is one), or whatever an unusable target brings about."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(REACH_SECONDS):
            transport, _target = await loop.create_connection(lambda: self.target, host, port)
        if self.gone:
            transport.abort()
            raise ConnectionAbortedError("cut off while it was being reached")
        loop.call_later(BIRTH_SECONDS, self.end_unborn)

    @guarded
    def join(self) -> None:
        """Join visitor and target, once it is reached: it hears what its visitor said while it was held."""
        early, self.early = bytes(self.early or b""), None
        visitor, target = self.visitor, self.target
        if self.gone or not visitor.is_writable or target.way is None:
            return self.cut()
        target.way.write(early)
        if visitor.said_all:
            target.way.write_eof()
            self._watch()
        visitor.way.resume_reading()
        target.way.resume_reading()

    @guarded
    def say(self, words: bytes) -> None:
        """Tell a visitor who is held why it is not passed on, and leave it the time to read it."""
        if self.gone or not self.visitor.is_writable:
            return self.cut()
        chan = self.visitor.way
        self.got_message = True
        chan.write(words)
        chan.write_eof()
        chan.resume_reading()  # a socket with unread bytes would be reset, and our words with it
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self.end)
        self.target.said_all = True
        self.saw_eof()

    def keep(self, early: bytearray, data: bytes) -> None:
        """Keep what a visitor says while it is held."""
        if not self.got_message:
            early += data
            if len(early) >= MOST_EARLY and self.visitor.way:
                self.visitor.way.pause_reading()

    @guarded
    def end_unborn(self) -> None:
        """Cut a stream whose gateway went away before it opened the visitor's channel."""
        if self.visitor.way is None:
            self.cut()

    def saw_eof(self) -> None:
        """Decide what follows when one end has said all: the end of both, or a time in which the other may answer."""
        # The gateway cannot tell hanging up from having said all; a held visitor who waits for no answer has hung up.
        has_left = self.early is not None and not self.got_message and (self.is_talk or not self.early)
        if has_left or (self.visitor.said_all and self.target.said_all):
            self.end()
        elif self.early is None:
            self._watch()

    def _watch(self) -> None:
        """End a stream whose one side has said all, when its time has come."""
        self.moved_at = time.time()
        asyncio.get_running_loop().call_later(EOF_SECONDS, self._look)

    @guarded
    def _look(self) -> None:
        quiet = time.time() - self.moved_at
        # A target that still answers may go on. A visitor may not: it could keep its place with a byte now and then.
        if self.target.said_all or quiet >= EOF_SECONDS:
            self.end()
        elif not self.gone:
            asyncio.get_running_loop().call_later(EOF_SECONDS - quiet, self._look)

    @guarded
    def end(self) -> None:
        """Close both sides once what was written has been sent."""
        if self.gone:
            return
        self.gone = True
        loop, chan, transport = asyncio.get_running_loop(), self.visitor.way, self.target.way
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
        loop, chan = asyncio.get_running_loop(), self.visitor.way
        if self.visitor.is_lost:
            return
        left = chan.get_write_buffer_size()
        if left < before:
            until = loop.time() + FLUSH_SECONDS
        if not left:
            chan.close()
        elif loop.time() > until:
            self.cut()
        else:
            loop.call_later(DRAIN_SECONDS, self._drain, left, until)

    def cut(self) -> None:
        """Close both sides now."""
        self.gone = True
        for end in (self.visitor, self.target):
            try:
                if end.way:
                    end.way.abort()
            except Exception as error:
                self.mishaps.fault("Stream.cut", error)
        self.settle()

    def fail(self, doing: str, error: Exception) -> None:
        """End this stream, and nothing else, for an exception in it."""
        self.mishaps.fault(doing, error)
        self.cut()

    def settle(self) -> None:
        """Say that the stream has ended, once the gateway has closed the channel: until then the visitor takes up room there."""
        if self.gone and not self._has_ended and (self.visitor.way is None or self.visitor.is_lost):
            self._has_ended = True
            self.ended(self)
