"""One visitor's connection, passed on to the target and back: with half-close, and no more in memory than two windows."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import asyncssh

REACH_SECONDS = 10.0  # for a target to take a visitor
FLUSH_SECONDS = 30.0  # for a target to take what its visitor left behind
BIRTH_SECONDS = 10.0  # for the visitor's channel, once the target has answered
LINGER_SECONDS = 3.0  # for a visitor to read what we said last
# The internet knocks on every public port. A connection that ends sooner and smaller than this was nobody at work: a scanner, a
# password that was guessed. The handshake of SSH and three refused passwords are some 8 kB.
BRIEF_SECONDS = 30.0
BRIEF_BYTES = 64 << 10
MOST_EARLY = 32 << 10  # bytes of a held visitor; the rest waits in the channel's window


@dataclass(slots=True)
class Counts:
    """What passed since somebody last looked. In: from visitors to the target."""

    bytes_in: int = 0
    bytes_out: int = 0
    bytes_used: int = 0  # of both, without connections that were brief
    refused: int = 0
    last_byte_at: float = 0.0  # seconds since 1970


class Pair:
    """The visitor's channel and the connection to the target."""

    def __init__(self, origin: str, counts: Counts, ended: Callable[["Pair"], None]) -> None:
        self.origin = origin
        self.counts = counts
        self.ended = ended
        self.visitor = Visitor(self)
        self.target = Target(self)
        self.eofs = 0
        self.early: bytearray | None = None  # of a visitor who is held: what it said so far
        self.is_told = False  # that it will not be passed on
        self.is_talk = False  # nobody speaks last in it: one side's end is the end
        self.gone = False
        self.began = time.time()
        self.brief: int | None = 0  # bytes while nobody can tell whether this is more than a knock; then None

    def passed(self, size: int) -> None:
        """So many bytes went through, in either direction."""
        counts, now = self.counts, time.time()
        counts.last_byte_at = now
        if self.brief is None:
            counts.bytes_used += size
            return
        self.brief += size
        if self.brief > BRIEF_BYTES or now - self.began > BRIEF_SECONDS:
            counts.bytes_used += self.brief
            self.brief = None

    async def reach(self, host: str, port: int, seconds: float) -> None:
        """Connect to the target. Raises OSError or TimeoutError."""
        loop = asyncio.get_running_loop()
        await asyncio.wait_for(loop.create_connection(lambda: self.target, host, port), seconds)
        loop.call_later(BIRTH_SECONDS, self.end_unborn)

    def join(self) -> None:
        """The target is reached: it hears what its visitor said while it was held, and they are alone."""
        early, self.early = bytes(self.early or b""), None
        chan, transport = self.visitor.chan, self.target.transport
        if self.gone or chan is None or chan.is_closing() or transport is None:
            return self.cut()
        transport.write(early)
        if self.eofs:
            transport.write_eof()
        chan.resume_reading()
        transport.resume_reading()

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
        self.saw_eof()

    def keep(self, early: bytearray, data: bytes) -> None:
        """What a visitor says while it is held."""
        if not self.is_told:
            early += data
            if len(early) >= MOST_EARLY and self.visitor.chan:
                self.visitor.chan.pause_reading()

    def end_unborn(self) -> None:
        """The gateway went away before it opened the visitor's channel."""
        if self.visitor.chan is None:
            self.cut()

    def saw_eof(self) -> None:
        self.eofs += 1
        if self.eofs == 2 or self._has_left():
            self.end()

    def _has_left(self) -> bool:
        """The gateway cannot tell who hung up from who has only said all; but who is held for nothing has hung up."""
        return self.early is not None and not self.is_told and (self.is_talk or not self.early)

    def end(self) -> None:
        """Close both sides once what was written has been sent."""
        self.gone = True
        if self.visitor.chan:
            self.visitor.chan.close()
        if self.target.transport:
            self.target.transport.close()
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.target.transport.abort)
        self.ended(self)

    def cut(self) -> None:
        """Close both sides now."""
        self.gone = True
        if self.visitor.chan:
            self.visitor.chan.abort()
        if self.target.transport:
            self.target.transport.abort()
        self.ended(self)


class Visitor(asyncssh.SSHTCPSession[bytes]):
    """The visitor's end: a channel of the SSH connection."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.chan: asyncssh.SSHTCPChannel[bytes] | None = None

    def connection_made(self, chan: asyncssh.SSHTCPChannel[bytes]) -> None:
        self.chan = chan

    def session_started(self) -> None:
        transport = self.pair.target.transport
        if self.pair.gone:
            self.pair.cut()
        elif self.pair.early is not None:
            return
        elif transport is None or transport.is_closing():
            self.pair.end()
        else:
            transport.resume_reading()

    def data_received(self, data: bytes, datatype: int | None) -> None:
        self.pair.counts.bytes_in += len(data)
        self.pair.passed(len(data))
        if self.pair.early is not None:
            self.pair.keep(self.pair.early, data)
        elif self.pair.target.transport:
            self.pair.target.transport.write(data)

    def eof_received(self) -> bool:
        transport = self.pair.target.transport
        if self.pair.early is None and transport and not transport.is_closing():
            transport.write_eof()
        self.pair.saw_eof()
        return True

    def pause_writing(self) -> None:
        if self.pair.target.transport:
            self.pair.target.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.pair.target.transport:
            self.pair.target.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.pair.cut() if exc else self.pair.end()


class Target(asyncio.Protocol):
    """The target's end: a TCP connection inside the cluster."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.pause_reading()  # until the visitor's channel is there

    def data_received(self, data: bytes) -> None:
        self.pair.counts.bytes_out += len(data)
        self.pair.passed(len(data))
        if self.pair.visitor.chan and not self.pair.visitor.chan.is_closing():
            self.pair.visitor.chan.write(data)

    def eof_received(self) -> bool:
        chan = self.pair.visitor.chan
        if chan and not chan.is_closing():
            chan.write_eof()
        self.pair.saw_eof()
        return True

    def pause_writing(self) -> None:
        if self.pair.visitor.chan:
            self.pair.visitor.chan.pause_reading()

    def resume_writing(self) -> None:
        if self.pair.visitor.chan:
            self.pair.visitor.chan.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.pair.end()
