"""A dial whose live process ends is told of the restart at once, whenever it comes."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from portal.live import dials
from portal.live.dials import Dials
from tests.factories import make_machine
from tests.waiting import PATIENCE
from tunnels.dial_actions import dial
from tunnels.models import Tunnel

pytestmark = pytest.mark.django_db(transaction=True)


class Websocket:
    """A program's end. `accepted`: called when it is let in; `sent`: what the live process says to it."""

    def __init__(self, ticket: str, accepted: Callable[[], object] = lambda: None) -> None:
        self.accepted, self.sent = accepted, list[dict[str, Any]]()
        headers = [(b"authorization", f"Dial {ticket}".encode()), (b"host", b"testserver")]
        self.scope = {"type": "websocket", "path": dials.PATH, "query_string": b"", "headers": headers}

    async def receive(self) -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        if message["type"] == "websocket.accept":
            self.accepted()


async def served(dialed: Dials, websocket: Websocket) -> str:
    async with asyncio.timeout(PATIENCE):
        return await dialed.serve(websocket.scope, websocket.receive, websocket.send)


@pytest.fixture
def ticket(student: User, settings: Any) -> str:
    settings.CLOUD = "openstack"
    tunnel = Tunnel.objects.of(make_machine(student).pk)[0]
    return dial(tunnel_id=tunnel.pk, by=student).ticket("asker")


@pytest.fixture
def dialed() -> Dials:
    return Dials(Counter())


async def test_one_that_was_let_in_just_before_the_end(dialed: Dials, ticket: str) -> None:
    websocket = Websocket(ticket, accepted=dialed.drain)
    assert await served(dialed, websocket) == "restart"
    assert (websocket.sent[-1]["code"], dialed.counts, dialed.waiting) == (1012, {"dialed restart": 1}, {})


async def test_one_that_waits_for_its_other_side(dialed: Dials, ticket: str) -> None:
    websocket = Websocket(ticket, accepted=lambda: asyncio.get_running_loop().call_soon(dialed.drain))
    assert (await served(dialed, websocket), websocket.sent[-1]["code"]) == ("restart", 1012)
