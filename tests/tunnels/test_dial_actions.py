"""Dials without a tunnel, what the agent is told of it, and tickets that are used twice at once."""

import logging
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from tests.tunnels.gateway_rows import TOKEN, gateway, opened
from tests.waiting import PATIENCE
from tunnels.actions import close_all, hold_all, release
from tunnels.dial_actions import AgentAway, NotDialable, dial, dial_ssh, forget_ssh, use_ticket
from tunnels.dialing import way_to_ssh
from tunnels.models import Dial, Gateway, SshTarget, Tunnel

ADDRESS = "10.77.3.4"
HOLDER = uuid.uuid4()


def ssh(owner: User, address: str = ADDRESS) -> Dial:
    return dial_ssh(holder=HOLDER, owner=owner, address=address, by=None)


def ask(query: str) -> dict[str, Any]:
    heads = {"Authorization": f"Bearer {TOKEN}-gate"}
    return dict(Client().get(f"/agent/v1/wanted?wait=0&{query}", headers=heads).json())


@pytest.fixture
def gate(db: None) -> Gateway:
    return gateway()


@pytest.mark.urls("tests.tunnels.urls")
class TestTold:
    def test_the_agent_is_told_of_the_address_and_of_the_dial_at_once(self, gate: Gateway, student: User) -> None:
        asked = ssh(student)
        told = ask("revision=1&dials=")
        target = str(SshTarget.objects.get().pk)
        assert told["ssh"] == [{"id": target, "host": ADDRESS}]
        assert [(line["id"], line["tunnel"]) for line in told["dials"]] == [(asked.pk, target)]

    def test_the_next_dial_is_told_without_a_revision(self, gate: Gateway, student: User) -> None:
        ssh(student)
        gate.refresh_from_db()
        before = gate.revision
        ssh(student)
        told = ask(f"revision={before}&dials=")
        assert (told["revision"], len(told["dials"]), "ssh" in told) == (before, 2, False)

    def test_an_agent_that_cannot_dial_is_told_of_no_address(self, gate: Gateway, student: User) -> None:
        ssh(student)
        assert "ssh" not in ask("revision=1&holds=1")

    def test_another_gateways_agent_is_not_told(self, gate: Gateway, student: User) -> None:
        gateway("other", 21_000, 21_099)
        ssh(student)
        heads = {"Authorization": f"Bearer {TOKEN}-other"}
        told = Client().get("/agent/v1/wanted?wait=0&dials=", headers=heads).json()
        assert ("ssh" in told, "dials" in told) == (False, False)


@pytest.mark.parametrize("end", [close_all, hold_all, release])
def test_it_ends_when_the_machine_goes_to_sleep_or_away(gate: Gateway, student: User, end: Callable[..., bool]) -> None:
    asked = ssh(student)
    gate.refresh_from_db()
    end(holder=HOLDER)
    assert (SshTarget.objects.count(), use_ticket(asked.ticket("agent"))) == (0, None)
    assert Gateway.objects.get().revision > gate.revision


def test_nothing_is_told_where_nothing_was_dialed(gate: Gateway) -> None:
    assert forget_ssh([HOLDER]) == 0
    assert Gateway.objects.get().revision == gate.revision


def test_at_another_address_it_is_another_target(gate: Gateway, student: User) -> None:
    before = ssh(student)
    after = ssh(student, "10.77.3.5")
    assert [target.host for target in SshTarget.objects.all()] == ["10.77.3.5"]
    assert list(Dial.objects.all()) == [after] != [before]


@pytest.mark.parametrize(
    "address",
    ["", "localhost", "vps.example.org", "127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "169.254.169.254", "fe80::1", "224.0.0.1", "255.255.255.255"],
)  # fmt: skip
def test_what_is_no_machines_address_is_not_dialed(gate: Gateway, student: User, address: str) -> None:
    with pytest.raises(NotDialable):
        ssh(student, address)
    assert (Dial.objects.count(), SshTarget.objects.count()) == (0, 0)


def test_a_blocked_owners_machine_is_not_dialed(gate: Gateway, student: User) -> None:
    student.is_active = False
    with pytest.raises(NotDialable):
        ssh(student)


def test_without_an_agent_that_is_there_it_is_told_at_once(gate: Gateway, student: User) -> None:
    Gateway.objects.update(heard_at=timezone.now() - timedelta(hours=1))
    with pytest.raises(AgentAway):
        ssh(student)
    assert SshTarget.objects.count() == 0


def test_the_agent_of_its_own_ports_dials_it(gate: Gateway, student: User) -> None:
    holder = opened(student)
    gateway("earlier", 21_000, 21_099)
    Gateway.objects.filter(name="gate").update(enabled=False)
    assert dial_ssh(holder=holder, owner=student, address=ADDRESS, by=None).ssh.gateway.name == "gate"  # type: ignore[union-attr]


def test_where_ssh_has_an_open_tunnel_that_is_dialed(gate: Gateway, student: User, settings: Any) -> None:
    settings.CLOUD = "openstack"
    holder = opened(student)
    way_to_ssh(holder=holder, owner=student, address=ADDRESS, by=student)
    assert Dial.objects.get().tunnel == Tunnel.objects.of(holder).get(service="ssh")


def test_who_dials_what_is_logged_once(gate: Gateway, student: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tunnels.dial_actions")
    holder = opened(student)
    dial(tunnel_id=Tunnel.objects.of(holder)[1].pk, by=student)
    ssh(student)
    assert [record.getMessage() for record in caplog.records] == [
        f"student dials port 80 of machine {holder}: gate",
        f"the portal dials port 22 of machine {HOLDER}: gate",
    ]


@pytest.mark.django_db(transaction=True)
def test_a_ticket_used_twice_at_once_is_good_once(student: User) -> None:
    gateway()
    ticket, second = ssh(student).ticket("asker"), []

    def use() -> None:
        second.append(use_ticket(ticket))
        connection.close()

    other = threading.Thread(target=use)
    with transaction.atomic():
        assert use_ticket(ticket)
        other.start()
        other.join(0.4)
        assert other.is_alive()  # it waits for the row
    other.join(PATIENCE)
    assert second == [None]
