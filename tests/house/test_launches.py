"""A machine that is made from memory is row by row what a launch leaves."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from courses.models import Template
from machines import actions
from machines.models import Machine
from tests import launches, rows
from tests.factories import ALIVE, OPEN, SERVICES, grant, make_gateway, make_machine, make_template
from tunnels.models import Tunnel

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _kept(teacher: User, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the launch of another person first, whose template and gateway had other keys."""
    monkeypatch.setattr(launches, "_KEPT", {})
    monkeypatch.setattr(launches, "_GROUND", {})
    with transaction.atomic():
        make_machine(teacher, name="another")
        transaction.set_rollback(True)
    with time_machine.travel("2026-03-02T10:00:00+00:00", tick=False):
        yield


@pytest.fixture
def ground(student: User) -> Template:
    make_gateway()
    grant(student)
    return make_template()


def make_all(owner: User) -> None:
    make_gateway()
    grant(owner)
    make_template()
    lived(owner)


def lived(owner: User, name: str = "mine", **facts: Any) -> Machine:
    machine = actions.launch(owner=owner, template=make_template(), name=name, by=owner)
    Machine.objects.filter(pk=machine.pk).update(**facts)
    return machine


def lived_until_running(owner: User) -> None:
    now = timezone.now()
    machine = lived(owner, state="running")
    Machine.objects.update(server_id=f"server-{machine.pk}", **ALIVE)
    Tunnel.objects.update(opened_at=now, answered_at=now, **OPEN)


def left(life: Callable[..., object], *args: Any, **facts: Any) -> str:
    """Return all rows after a life, but for keys and ports, and undo it."""
    with transaction.atomic():
        life(*args, **facts)
        found = rows.named(rows.read())
        transaction.set_rollback(True)
    return found


def test_a_new_machine_is_what_a_launch_leaves(ground: Template, student: User) -> None:
    assert left(make_machine, student, state="new") == left(lived, student)


def test_the_first_of_a_test_brings_all_that_it_needs(student: User) -> None:
    assert left(make_machine, student, state="new") == left(make_all, student)


def test_a_second_one_is_too(ground: Template, student: User) -> None:
    lived(student, name="first")
    assert left(make_machine, student, state="new") == left(lived, student)
    assert len(launches._KEPT) == 2, "The first brings a row about its owner and one about the cloud."


def test_a_running_one_has_its_ports_open(ground: Template, student: User) -> None:
    assert left(make_machine, student) == left(lived_until_running, student)


def test_facts_are_written_as_the_model_would(ground: Template, student: User) -> None:
    now = timezone.now()
    facts = {"state": "queued", "queued_at": now, "cloud_errors": 2, "port_map": {"22": 1}}
    assert left(make_machine, student, **facts) == left(lived, student, **facts)


def test_another_template_has_other_ports(ground: Template, student: User) -> None:
    make_machine(student, name="first")
    Template.objects.update(services=SERVICES[:1], name="Other")
    assert left(make_machine, student, state="new") == left(lived, student)


def test_each_has_ports_of_its_own(student: User) -> None:
    make_gateway(last_port=23003)
    machines = [make_machine(student), make_machine(student)]
    ports = [port for one in machines for port in Tunnel.objects.of(one.pk).values_list("port", flat=True)]
    assert sorted(ports) == [23000, 23001, 23002, 23003]


def test_each_has_a_name_of_its_own(student: User) -> None:
    assert [make_machine(student, name="Web").name for _one in range(3)] == ["Web", "Web-2", "Web-3"]
