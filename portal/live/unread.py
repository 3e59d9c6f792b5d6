"""The HTTP of this process: heads are read in turns, and answers that nobody reads have an end.

A stream of events would keep its place for ever, and a person has twenty.
"""

import logging
import socket
from asyncio import BaseTransport, Transport
from functools import partial
from typing import Any

from h11 import Request

from lib import seldom
from portal.live.head_turns import HeadTurns
from portal.live.stream import UNREAD
from portal.serve import Impatient

log = logging.getLogger("portal.live")
UNREAD_SECONDS = 60.0
ABORT = "abort"  # in a request's state: what cuts its connection off at once, also where nobody reads


class Watchful(Impatient):
    """uvicorn's protocol; whoever takes nothing of what was sent for UNREAD_SECONDS is cut off.

    The system watches: from here the few bytes of an event seem to be gone as soon as they wait in its buffer.
    """

    heads: HeadTurns  # of all connections of a server

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self.app_state = {**self.app_state, ABORT: self._abort}

    def _abort(self) -> None:
        self.transport.abort()

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _cut_off_after(transport, UNREAD_SECONDS)

    def data_received(self, data: bytes) -> None:
        if str(self.conn.their_state) != "IDLE":
            return super().data_received(data)
        self._unset_keepalive_if_required()
        self.transport.pause_reading()
        self.heads.wait(partial(self._read_head, data))

    def _read_head(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()
            super().data_received(data)

    def handle_websocket_upgrade(self, event: Request) -> None:
        # Websockets have pings; and who reads a dialed connection may pause for as long as they like.
        _cut_off_after(self.transport, 0)
        # Not our own method: with it the head's parser and all else of this would stay as long as the websocket.
        self.app_state = {**self.app_state, ABORT: self.transport.abort}
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, TimeoutError):
            if self.scope:
                self.scope["state"][UNREAD] = True
            text = "streams were not read, or their readers were gone, for %.0f s: closed"
            seldom.warning(log, "unread", text, UNREAD_SECONDS, memory=seldom.OWN)
        super().connection_lost(exc)


def _cut_off_after(transport: BaseTransport, seconds: float) -> None:
    """Let the system end a connection whose other side takes nothing for so long; 0: as it does by itself, after a quarter of an hour or never."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        line = transport.get_extra_info("socket")
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(1000 * seconds))
