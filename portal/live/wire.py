"""uvicorn's websocket, with bounds on what the other side can make it keep in memory or write into the log."""

import logging
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from lib import seldom
from portal.live.sockets import Meter

log = logging.getLogger("portal.live.wire")
# uvicorn and websockets write lines about each connection, refused ones too. portal.live writes its own, under the request's id.
_errors = logging.getLogger("portal.live.wire.errors")
_errors.setLevel(logging.WARNING)
MOST_UNREAD_BYTES = 262144  # asyncio stops senders at 64 KiB and one frame has 64 KiB; pongs are sent without looking


class Wire(WebSocketsSansIOProtocol):
    """Cuts off who pings too often, who does not read, and who sends frames before the answer to the upgrade."""

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self.logger = self.conn.logger = _errors
        self.pings = Meter()

    def data_received(self, data: bytes) -> None:
        if self.handshake_initiated and not self.handshake_complete:
            return self._cut_off()  # uvicorn's parser would fail; no client speaks before it has the answer
        super().data_received(data)
        if not self.handshake_initiated:
            self._cut_off()  # h11 took the head, websockets does not: too many lines, or too long

    def handle_ping(self) -> None:
        if self.pings.is_beyond() or self.transport.get_write_buffer_size() > MOST_UNREAD_BYTES:
            seldom.warning(log, "pings", "websockets sent too many pings, or did not read: closed", memory=seldom.OWN)
            self._cut_off()
        if self.transport.is_closing():
            self.conn.data_to_send()  # drops the pong
        else:
            super().handle_ping()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        if self.transport.get_write_buffer_size():
            self._cut_off()  # close() would wait until the other side reads, perhaps for ever

    def _cut_off(self) -> None:
        self.transport.abort()
