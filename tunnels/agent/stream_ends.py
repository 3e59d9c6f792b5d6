"""The two ends of a relayed stream: the visitor's channel, and the connection to the target."""

import asyncio
from typing import TYPE_CHECKING, Any

import asyncssh

from tunnels.agent.mishaps import guarded

if TYPE_CHECKING:
    from tunnels.agent.relay import Stream


class Visitor(asyncssh.SSHTCPSession[bytes]):
    """The visitor's end: a channel of the SSH connection."""

    def __init__(self, stream: "Stream") -> None:
        self.stream = stream
        self.chan: asyncssh.SSHTCPChannel[bytes] | None = None
        self.is_lost = False

    def fail(self, doing: str, error: Exception) -> None:
        self.stream.fail(doing, error)

    @guarded
    def connection_made(self, chan: asyncssh.SSHTCPChannel[bytes]) -> None:
        self.chan = chan

    @guarded
    def session_started(self) -> None:
        transport = self.stream.target.transport
        if self.stream.gone:
            self.stream.cut()
        elif self.stream.early is not None:
            return
        elif transport is None or transport.is_closing():
            self.stream.end()
        else:
            transport.resume_reading()

    @guarded
    def data_received(self, data: bytes, datatype: int | None) -> None:
        self.stream.counts.bytes_in += len(data)
        self.stream.passed(len(data))
        if self.stream.early is not None:
            self.stream.keep(self.stream.early, data)
        elif (transport := self.stream.target.transport) and not transport.is_closing():
            transport.write(data)

    @guarded
    def eof_received(self) -> bool:
        transport = self.stream.target.transport
        if self.stream.early is None and transport and not transport.is_closing():
            transport.write_eof()
        self.stream.visitor_ended()
        return True

    @guarded
    def pause_writing(self) -> None:
        if self.stream.target.transport:
            self.stream.target.transport.pause_reading()

    @guarded
    def resume_writing(self) -> None:
        if self.stream.target.transport:
            self.stream.target.transport.resume_reading()

    @guarded
    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
        if self.stream.gone:
            self.stream.settle()
        elif exc:
            self.stream.cut()
        else:
            self.stream.end()


class Target(asyncio.Protocol):
    """The target's end: a TCP connection inside the cluster."""

    def __init__(self, stream: "Stream") -> None:
        self.stream = stream
        self.transport: Any = None

    def fail(self, doing: str, error: Exception) -> None:
        self.stream.fail(doing, error)

    @guarded
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.pause_reading()  # until the visitor's channel is there

    @guarded
    def data_received(self, data: bytes) -> None:
        self.stream.counts.bytes_out += len(data)
        self.stream.passed(len(data))
        if self.stream.visitor.chan and not self.stream.visitor.chan.is_closing():
            self.stream.visitor.chan.write(data)

    @guarded
    def eof_received(self) -> bool:
        chan = self.stream.visitor.chan
        if chan and not chan.is_closing():
            chan.write_eof()
        self.stream.target_ended()
        return True

    @guarded
    def pause_writing(self) -> None:
        if self.stream.visitor.chan:
            self.stream.visitor.chan.pause_reading()

    @guarded
    def resume_writing(self) -> None:
        if self.stream.visitor.chan:
            self.stream.visitor.chan.resume_reading()

    @guarded
    def connection_lost(self, exc: Exception | None) -> None:
        self.stream.end()
