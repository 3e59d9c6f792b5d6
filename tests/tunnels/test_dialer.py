"""The agent dials what its tunnels allow and refuses the rest, whoever asks."""

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any

import asyncssh
import pytest
from django.test import Client
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import WebSocketException

from accounts.models import User
from tests.tunnels.gateway_rows import TOKEN, gateway, opened
from tests.tunnels.targets import HERE, Target
from tests.waiting import PATIENCE
from tunnels.agent.dialing import Dialer
from tunnels.agent.link import Link
from tunnels.agent.protocol import WantedDial
from tunnels.agent.waiting import Limits
from tunnels.agent.wishes import Wishes
from tunnels.dial_actions import dial, use_ticket
from tunnels.models import Dial, Tunnel
from tunnels.pump import open_line

GATEWAY = {"ssh_host": HERE, "ssh_port": 1, "user": "x", "host_key": "", "bind_address": HERE}
LINE: dict[str, Any] = {
    "id": "ours", "port": 1, "host": HERE, "scheme": "tcp", "allow": [], "since": 1, "probe": False,
}  # fmt: skip


async def first_frame(line: dict[str, Any], tunnel: str, answer: Any = None, **more: Any) -> tuple[str, str]:
    """Return the ticket and the fault that a live process hears from an agent that has one tunnel, and `more`, and is to dial `tunnel`.

    answer: whatever stands before it and the agent, given the connection and the request: see process_request of websockets.
    """
    heard: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()

    async def hear(line: ServerConnection) -> None:
        assert line.request is not None
        heard.set_result((line.request.headers["Authorization"], json.loads(await line.recv())["fault"]))

    async with serve(hear, HERE, 0, process_request=answer) as server:
        link = Link(asyncssh.generate_private_key("ssh-ed25519"), Limits())
        link.wishes = Wishes.read({"revision": 1, "gateway": GATEWAY, "tunnels": [line], **more})
        dialer = Dialer(f"http://{HERE}:{server.sockets[0].getsockname()[1]}", link)
        dialer.follow([WantedDial(1, tunnel, "sesame")])
        return await asyncio.wait_for(heard, PATIENCE)


async def test_it_dials_a_target_of_its_own() -> None:
    target = Target()
    assert await first_frame({**LINE, "target_port": target.port}, "ours") == ("Dial sesame", "")
    target.close()


@pytest.mark.parametrize(("hold", "tunnel"), [(False, "another's"), (True, "ours")])
async def test_it_dials_no_other_and_nobody_asleep(hold: bool, tunnel: str) -> None:
    target = Target()
    told = await first_frame({**LINE, "target_port": target.port, "hold": hold}, tunnel)
    assert (told[1], target.visitors) == ("not_ours", 0)
    target.close()


class Door:
    """A live process, or a proxy before it, that does something else with the first visits, and counts all."""

    def __init__(self, *first: Any) -> None:
        self.first, self.visits = list(first), 0

    async def __call__(self, line: ServerConnection, _request: Any) -> Any:
        self.visits += 1
        return await self.first.pop(0)(line) if self.first else None


async def _slow(_line: ServerConnection) -> None:
    await asyncio.sleep(6)  # the patience of before was 5 s


async def _gone(line: ServerConnection) -> None:
    line.transport.abort()


def _says(status: int) -> Any:
    async def say(line: ServerConnection) -> Any:
        return line.respond(status, "")

    return say


@pytest.mark.slow
async def test_a_live_process_that_is_slow_to_accept_is_waited_for() -> None:
    target, door = Target(), Door(_slow)
    assert await first_frame({**LINE, "target_port": target.port}, "ours", door) == ("Dial sesame", "")
    assert door.visits == 1
    target.close()


@pytest.mark.parametrize("first", [_gone, _says(502), _says(503), _says(504)], ids=["gone", "502", "503", "504"])
async def test_a_live_process_that_is_away_is_tried_once_more(first: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunnels.pump.AGAIN_SECONDS", 0.05)
    target, door = Target(), Door(first)
    assert await first_frame({**LINE, "target_port": target.port}, "ours", door) == ("Dial sesame", "")
    assert door.visits == 2
    target.close()


@pytest.mark.parametrize(
    ("firsts", "visits"), [([_says(403)], 1), ([_says(502), _gone], 2)], ids=["refused", "away twice"]
)
async def test_a_dial_is_given_up_after_a_refusal_or_the_second_try(
    firsts: list[Any], visits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tunnels.pump.AGAIN_SECONDS", 0.05)
    door = Door(*firsts)
    async with serve(_nothing, HERE, 0, process_request=door) as server:
        address = server.sockets[0].getsockname()
        with pytest.raises((OSError, WebSocketException)):
            await open_line(f"ws://{HERE}:{address[1]}", [(socket.AF_INET, address)], "sesame")
    assert door.visits == visits


async def _nothing(_line: ServerConnection) -> None:
    pass


LEADS_NOWHERE = {**LINE, "target_port": 1}


def own_address() -> str:
    """An address of this computer that is not loopback; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.connect(("203.0.113.1", 9))
        return str(asker.getsockname()[0])


@pytest.fixture
def sshd() -> Iterator[socket.socket]:
    """Listen at port 22 of an address of this computer."""
    try:
        listening = socket.create_server((own_address(), 22))
    except OSError as error:
        pytest.skip(f"needs a free port 22 at an address that is not loopback: {error}")
    with listening:
        yield listening


async def test_it_dials_port_22_of_a_machine_that_it_was_told_of(sshd: socket.socket) -> None:
    machine = {"id": "theirs", "host": sshd.getsockname()[0]}
    assert await first_frame(LEADS_NOWHERE, "theirs", ssh=[machine]) == ("Dial sesame", "")


async def test_it_dials_no_machine_that_it_was_not_told_of(sshd: socket.socket) -> None:
    machine = {"id": "theirs", "host": sshd.getsockname()[0]}
    assert (await first_frame(LEADS_NOWHERE, sshd.getsockname()[0], ssh=[machine]))[1] == "not_ours"


@pytest.mark.parametrize(
    "machine",
    [{"host": HERE}, {"host": "::ffff:127.0.0.1"}, {"host": "169.254.169.254"}, {"host": "localhost"}, {"host": 1}, {}],
)
async def test_whatever_the_portal_says_it_dials_no_address_of_its_own_host(machine: dict[str, Any]) -> None:
    assert (await first_frame(LEADS_NOWHERE, "theirs", ssh=[{"id": "theirs", **machine}]))[1] == "not_ours"


async def test_a_dial_ends_when_the_agent_is_told_of_the_machine_no_more() -> None:
    link = Link(asyncssh.generate_private_key("ssh-ed25519"), Limits())
    link.wishes = Wishes.read(
        {"revision": 1, "gateway": GATEWAY, "tunnels": [], "ssh": [{"id": "t", "host": "192.0.2.9"}]}
    )
    dialer = Dialer("http://127.0.0.1:1", link)
    dialer.follow([WantedDial(1, "t", "sesame")])
    task = dialer.going[1].task
    link.wishes = Wishes.read({"revision": 2, "gateway": GATEWAY, "tunnels": []})
    dialer.follow([])
    with pytest.raises(asyncio.CancelledError):
        await task


def _ask(client: Client, query: str, name: str = "gate") -> Any:
    heads = {"Authorization": f"Bearer {TOKEN}-{name}"}
    return client.get(f"/agent/v1/wanted?wait=0&{query}", headers=heads).json().get("dials", [])


@pytest.fixture
def asked(student: User) -> Dial:
    gateway()
    return dial(tunnel_id=Tunnel.objects.of(opened(student))[0].pk, by=student)


@pytest.mark.urls("tests.tunnels.urls")
class TestTold:
    def test_the_agent_is_told(self, client: Client, asked: Dial) -> None:
        told = _ask(client, "dials=")
        assert [(line["id"], line["tunnel"]) for line in told] == [(asked.pk, str(asked.tunnel_id))]

    def test_what_it_knows_it_is_not_told_again(self, client: Client, asked: Dial) -> None:
        assert _ask(client, f"dials={asked.pk}") == []

    def test_an_older_agent_is_told_of_none(self, client: Client, asked: Dial) -> None:
        assert _ask(client, "holds=1") == []

    def test_another_gateways_agent_is_not_told(self, client: Client, asked: Dial) -> None:
        gateway("other", 21_000, 21_099)
        assert _ask(client, "dials=", "other") == []

    def test_whoever_reads_the_row_cannot_make_its_ticket(self, asked: Dial, settings: Any) -> None:
        good, key = asked.ticket("agent"), settings.SECRET_KEY
        settings.SECRET_KEY = "y" * 50
        forged, settings.SECRET_KEY = asked.ticket("agent"), key
        assert use_ticket(forged) is None
        assert use_ticket(good) == (asked.key, "agent")

    @pytest.mark.parametrize("numbers", ["x", "-1", str(2**63)])
    def test_numbers_that_are_none_are_refused(self, client: Client, asked: Dial, numbers: str) -> None:
        heads = {"Authorization": f"Bearer {TOKEN}-gate"}
        assert client.get(f"/agent/v1/wanted?dials={numbers}", headers=heads).status_code == 400
