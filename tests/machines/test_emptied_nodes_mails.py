"""Mails to owners of machines on a node that is emptied, or dead."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.notices import mail
from cloud.contract import Host
from machines import emptied_nodes
from machines.models import Machine
from nodes.hypervisors import emptying, looks
from nodes.models import Emptying, Node
from tests.cloud.fake import FakeCloud
from tests.cloud.fake_state import HOST
from tests.factories import make_machine


@pytest.fixture
def machine(student: User) -> Machine:
    return make_machine(student, host=HOST, server_id="s", ready_at=timezone.now())


def looked(*, up: bool = True) -> Node:
    looks.look([Host(HOST, up=up, enabled=True)], timezone.now())
    return Node.objects.get()


def sent(mailoutbox: list[Any]) -> tuple[str, str]:
    """Subject and both texts of the one mail."""
    emptied_nodes.tick(FakeCloud(), timezone.now())
    mail.send_due(timezone.now())
    [message] = mailoutbox
    return message.subject, message.body + message.alternatives[0][0]


@pytest.mark.parametrize(
    ("hours", "says"), [(24, "you can have it moved earlier"), (0, "Each is moved to another computer now")]
)
def test_it_says_when_they_are_moved(
    machine: Machine, admin: User, mailoutbox: list[Any], hours: int, says: str
) -> None:
    emptying.begin_maintenance(node=looked(), why="", within=timedelta(hours=hours), by=admin, now=timezone.now())
    subject, text = sent(mailoutbox)
    assert subject == "The computer below one of your machines goes into maintenance"
    assert (says in " ".join(text.split()), machine.name in text) == (True, True)


def test_nobody_is_asked_about_a_maintenance_that_is_over(machine: Machine, admin: User, mailoutbox: list[Any]) -> None:
    emptying.begin_maintenance(node=looked(), why="", within=timedelta(1), by=admin, now=timezone.now())
    emptied_nodes.tick(FakeCloud(), timezone.now())
    Emptying.objects.update(ended_at=timezone.now())
    mail.send_due(timezone.now())
    assert mailoutbox == []


@pytest.mark.parametrize(("shared", "says"), [(True, "what is on its disk stays"), (False, "from its template")])
def test_it_says_what_is_lost(
    machine: Machine, admin: User, mailoutbox: list[Any], settings: Any, shared: bool, says: str
) -> None:
    settings.SHARED_DISKS = shared
    looked()
    emptying.declare_dead(node=looked(up=False), why="", by=admin, now=timezone.now())
    Node.objects.update(fenced=True)
    subject, text = sent(mailoutbox)
    assert subject == "The computer below one of your machines is dead"
    assert says in " ".join(text.split())


def test_it_is_in_its_reader_s_language(machine: Machine, admin: User, mailoutbox: list[Any]) -> None:
    User.objects.update(language="es")
    emptying.begin_maintenance(node=looked(), why="", within=timedelta(1), by=admin, now=timezone.now())
    assert sent(mailoutbox)[0] == "El nodo de una de tus máquinas entra en mantenimiento"


def test_what_has_started_elsewhere_meanwhile_is_told_all_the_same(
    machine: Machine, admin: User, mailoutbox: list[Any]
) -> None:
    looked()
    emptying.declare_dead(node=looked(up=False), why="", by=admin, now=timezone.now())
    Node.objects.update(fenced=True)
    emptied_nodes.tick(FakeCloud(), timezone.now())
    Machine.objects.update(host="another")
    mail.send_due(timezone.now())
    assert machine.name in mailoutbox[0].body


def test_one_that_is_being_deleted_is_not_named(machine: Machine, admin: User, mailoutbox: list[Any]) -> None:
    make_machine(machine.owner, name="doomed", host=HOST, server_id="d", wanted="gone")
    emptying.begin_maintenance(node=looked(), why="", within=timedelta(1), by=admin, now=timezone.now())
    assert "doomed" not in sent(mailoutbox)[1]
