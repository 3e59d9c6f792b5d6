"""Dials that are refused leave nothing open: no row, no socket, no thread. A person's connection ends with their right."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from accounts.models import User
from lib.notes import Refusal
from machines.models import Machine
from portal.live.entry import Refused
from tests.live.process import LiveProcess
from tests.processes import open_sockets
from tests.tunnels.dial_fixtures import echo as echo
from tests.tunnels.dial_fixtures import live as live
from tests.tunnels.dial_fixtures import stage as stage
from tests.tunnels.dial_fixtures import vps as vps
from tests.tunnels.dial_stage import DialStage, entry_of, machine_of
from tests.tunnels.gateway_rows import gateway, opened
from tests.tunnels.targets import HERE, Target
from tests.waiting import PATIENCE, until
from tunnels.dial_actions import dial
from tunnels.models import Dial, SshTarget, Tunnel

pytestmark = [
    pytest.mark.urls("tests.tunnels.urls"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("tunnels-dialing"),
    pytest.mark.slow,
]


class Scene:
    """The student's machine, a used ticket to it, and the live process; no agent."""

    def __init__(self, live: LiveProcess, student: User, other: User) -> None:
        gateway()
        self.live, self.dials = live, live.server.config.app.dials
        self.machine = machine_of(opened(student), student, address="10.77.3.4")
        self.student, self.other = entry_of(student), entry_of(other)
        self.used = dial(tunnel_id=Tunnel.objects.of(self.machine.pk)[0].pk, by=student)
        Dial.objects.update(asker_at=self.used.expires_at)

    def connect(self, entry: Any, port: int) -> None:
        async def go() -> None:
            async with self.dials.connected(machine=self.machine.pk, port=port, entry=entry):
                pytest.fail("connected")

        asyncio.run_coroutine_threadsafe(go(), self.live.loop).result(PATIENCE)

    def knock(self, ticket: str, **headers: str) -> None:
        head = {"Authorization": f"Dial {ticket}", **headers}
        with connect(
            f"ws://{HERE}:{self.live.port}/live/dial", additional_headers=head, proxy=None, open_timeout=PATIENCE
        ):
            pytest.fail("connected")

    def left(self) -> Counter[str]:
        """Count what stays behind: rows, connections of the live process, and what this process has open."""
        dials = {"waiting": len(self.dials.waiting), "open": len(self.dials.open), "watched": len(self.dials.watched)}
        rows = {"rows": Dial.objects.count(), "ssh targets": SshTarget.objects.count()}
        return Counter({**dials, **rows, "threads": threading.active_count(), "sockets": len(open_sockets("self"))})


@pytest.fixture
def scene(live: LiveProcess, student: User, student2: User, settings: Any) -> Scene:
    settings.CLOUD = "openstack"
    return Scene(live, student, student2)


def _others_machine(scene: Scene) -> None:
    with pytest.raises(Refused, match="machine"):
        scene.connect(scene.other, 80)


def _others_ssh(scene: Scene) -> None:
    with pytest.raises(Refused, match="machine"):
        scene.connect(scene.other, 22)


def _no_tunnel(scene: Scene) -> None:
    with pytest.raises(Refusal, match="closed"):
        scene.connect(scene.student, 5432)


def _used_ticket(scene: Scene) -> None:
    with pytest.raises(InvalidStatus):
        scene.knock(scene.used.ticket("asker"))


def _another_origin(scene: Scene) -> None:
    with pytest.raises(InvalidStatus):
        scene.knock(scene.used.ticket("agent"), Origin="https://evil.example.org")


@pytest.mark.parametrize("refusal", [_others_machine, _others_ssh, _no_tunnel, _used_ticket, _another_origin])
def test_a_refused_dial_leaves_nothing_open(scene: Scene, refusal: Callable[[Scene], None]) -> None:
    refusal(scene)  # what is opened once for all is open from here on
    before = scene.left()  # at most: what closed a moment later was counted, too
    for _ in range(5):
        refusal(scene)
    # A thread or two may be added to those that are kept for whoever comes next.
    until(lambda: scene.left() <= before + Counter(threads=2, sockets=2))


def test_a_dial_that_no_agent_answers_leaves_nothing_open(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.live.dials.DIAL_SECONDS", 3)  # it asks the database, too
    before = scene.left()
    with pytest.raises(OSError, match="agent_away"):
        scene.connect(scene.student, 80)
    until(lambda: scene.left() <= before + Counter(rows=1))  # the new row waits for its end, as all do


def _sign_out(_machine: Machine) -> None:
    Session.objects.all().delete()


def _block(machine: Machine) -> None:
    User.objects.filter(pk=machine.owner_id).update(is_active=False)


def _give_away(machine: Machine) -> None:
    Machine.objects.update(owner=User.objects.get(username="student2"))


def _in_a_thread(change: Callable[[Machine], None], machine: Machine) -> None:
    change(machine)
    connection.close()


@pytest.mark.parametrize("change", [_sign_out, _block, _give_away])
def test_a_persons_connection_ends_with_their_right(
    stage: DialStage, echo: Target, student2: User, change: Callable[[Machine], None]
) -> None:
    machine, entry = stage.machine(stage.tunnel(echo.port)), entry_of(stage.student)

    async def go() -> bytes:
        async with stage.dials.connected(machine=machine.pk, port=echo.port, entry=entry) as sock:
            reader, writer = await asyncio.open_connection(sock=sock)
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"
            await asyncio.to_thread(_in_a_thread, change, machine)
            async with asyncio.timeout(PATIENCE):
                rest = await reader.read()
            writer.close()
        return rest

    assert stage.in_live(go()) == b""
    until(lambda: not stage.dials.open and not stage.dials.watched)
