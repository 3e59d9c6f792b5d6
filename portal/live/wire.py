"""uvicorn's websocket, with bounds on what the other side can make it keep in memory or write into the log."""

import logging
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from lib import seldom
from lib.small_waits import SmallEvent, SmallQueue
from portal.live.sockets import Meter

log = logging.getLogger("portal.live.wire")
# uvicorn and websockets write lines about each connection, refused ones too. portal.live writes its own, under the request's id.
_errors = logging.getLogger("portal.live.wire.errors")
_errors.setLevel(logging.WARNING)
MOST_UNREAD_BYTES = 262144  # asyncio stops senders at 64 KiB and one frame has 64 KiB; pongs are sent without looking
PIECE_BYTES = 8192
MOST_FRAGMENTS = 100  # of a message


class Wire(WebSocketsSansIOProtocol):
    """Cuts off who pings too often, who does not read, who sends a message in too many pieces, or frames before the answer to the upgrade."""

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self.logger = self.conn.logger = _errors
        self.queue = SmallQueue()  # type: ignore[assignment]
        self.writable = SmallEvent()
        self.writable.set()
        self.pings = Meter()
        self.unparsed = bytearray()
        self.fragments = 0

    def data_received(self, data: bytes) -> None:
        if self.handshake_initiated and not self.handshake_complete:
            return self._cut_off()  # uvicorn's parser would fail; no client speaks before it has the answer
        if not self.handshake_initiated:
            return self._read_head(data)
        self.unparsed += data
        self._parse()

    def _read_head(self, data: bytes) -> None:
        super().data_received(data)
        if not self.handshake_initiated:
            self._cut_off()  # h11 took the head, websockets does not: too many lines, or too long

    def _parse(self) -> None:
        """Parse a piece at a time, until a frame waits to be taken: 256 KiB of tiny frames would become 14 MB of them."""
        while self.unparsed and not self.read_paused and not self.transport.is_closing():
            piece = bytes(self.unparsed[:PIECE_BYTES])
            del self.unparsed[:PIECE_BYTES]
            super().data_received(piece)

    async def receive(self) -> Any:
        message = await super().receive()
        self._parse()
        return message

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.accept":
            self._forget_head()
        if message["type"] == "websocket.close" and self.close_timer is not None:
            # uvicorn would close, which waits until the other side reads, perhaps for ever.
            self.close_timer.cancel()
            self.close_timer = self.loop.call_later(self.close_timeout, self._cut_off)
        self._parse()  # where it was `close`, the other side's answer may be there already

    def _forget_head(self) -> None:
        """Drop both heads once they are answered: 6 KB for as long as the websocket is open. Who comes is read before."""
        for head in (self.request, self.response):
            head.headers.clear()  # websockets' parser holds on to the request itself
        self.scope["headers"] = []

    def handle_ping(self) -> None:
        if self.pings.is_beyond() or self.transport.get_write_buffer_size() > MOST_UNREAD_BYTES:
            seldom.warning(log, "pings", "websockets sent too many pings, or did not read: closed", memory=seldom.OWN)
            self._cut_off()
        if self.transport.is_closing():
            self.conn.data_to_send()  # drops the pong
        else:
            super().handle_ping()

    def handle_cont(self, event: Frame) -> None:
        self.fragments += 1
        if self.fragments > MOST_FRAGMENTS:  # without a byte in them no limit of bytes ends it
            return self._cut_off()
        if event.fin:
            self.fragments = 0
        super().handle_cont(event)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        if self.transport.get_write_buffer_size():
            self._cut_off()  # close() would wait until the other side reads, perhaps for ever

    def _cut_off(self) -> None:
        self.transport.abort()
