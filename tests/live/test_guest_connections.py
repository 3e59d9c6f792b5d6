"""SSH connections to machines: what is left when one ends."""

import asyncio
import socket
from collections import Counter
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from portal.live import guest_connections
from portal.live.dials import Dialed, Dials, Watched
from portal.live.guest_connections import Guests


async def test_nothing_is_left_of_a_connection_whose_closing_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    entry: Any = SimpleNamespace(person=SimpleNamespace(pk=1))
    guests, (ours, theirs) = Guests(Dials(Counter())), socket.socketpair()
    watched = Watched(entry, uuid4(), ours.close)

    async def opened(*_facts: Any) -> Any:
        guests.dials.watched.add(watched)
        return object(), Dialed(ours, watched, None)

    async def is_cancelled(_connection: Any) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(guests, "_open", opened)
    monkeypatch.setattr(guest_connections, "_close", is_cancelled)
    with theirs, pytest.raises(asyncio.CancelledError):
        async with guests.signed_in(entry, watched.machine):
            pass
    assert (guests.dials.watched, ours.fileno()) == (set(), -1)
