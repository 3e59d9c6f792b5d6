"""The page of a machine's console: who gets it, what they may do there, and where a link leads to it."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from machines.models import Machine
from tests.factories import make_machine
from tests.pages.plain_text import text


def at(machine: Machine) -> str:
    return f"/machines/{machine.pk}/console/"


@pytest.fixture
def machine(student: User, teacher: User) -> Machine:
    machine = make_machine(student)
    machine.template.created_by = teacher
    machine.template.save()
    return machine


@pytest.mark.parametrize(
    ("who", "status", "types", "back"),
    [("student", 200, True, "/machines/"), ("admin", 200, True, "/machines/"), ("teacher", 200, False, "/teaching/machines/")],
)  # fmt: skip
def test_those_who_care_for_it_see_it(
    client: Client, machine: Machine, who: str, status: int, types: bool, back: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(who))
    reply = client.get(at(machine))
    page = reply.content.decode()
    assert (reply.status_code, 'id="serial"' in page, f'href="{back}{machine.pk}/"' in page) == (status, types, True)


@pytest.mark.parametrize("who", ["student2", "donor"])
def test_a_stranger_does_not(client: Client, machine: Machine, who: str, request: pytest.FixtureRequest) -> None:
    client.force_login(request.getfixturevalue(who))
    assert client.get(at(machine)).status_code == 404


def test_nothing_is_written_there(client: Client, machine: Machine, student: User) -> None:
    client.force_login(student)
    assert client.post(at(machine)).status_code == 405


def test_without_scripts_it_says_why_there_is_no_log(client: Client, machine: Machine, student: User) -> None:
    client.force_login(student)
    assert "Your browser runs no scripts" in text(client.get(at(machine)))


@pytest.mark.parametrize("facts", [{"state": "failed"}, {"setup": "failed"}])
def test_a_machine_that_does_not_come_up_leads_to_it(client: Client, student: User, facts: dict[str, Any]) -> None:
    machine = make_machine(student, **facts)
    client.force_login(student)
    page = client.get(f"/machines/{machine.pk}/").content.decode()
    assert f'<a id="console" href="{at(machine)}">' in page


def test_one_that_takes_too_long_leads_to_it(client: Client, student: User) -> None:
    machine = make_machine(student, state="building", asked_at=timezone.now())
    client.force_login(student)
    address = f"/machines/{machine.pk}/"
    assert '<a id="console"' not in client.get(address).content.decode()


def test_one_that_is_well_has_it_in_its_menu_alone(client: Client, student: User) -> None:
    machine = make_machine(student)
    client.force_login(student)
    page = client.get(f"/machines/{machine.pk}/").content.decode()
    assert ('id="menu-console"' in page, '<a id="console"' in page) == (True, False)


def test_one_that_has_no_server_has_none(client: Client, student: User) -> None:
    machine = make_machine(student, state="queued")
    client.force_login(student)
    assert at(machine) not in client.get(f"/machines/{machine.pk}/").content.decode()


def test_a_teacher_finds_it_on_their_page(client: Client, machine: Machine, teacher: User) -> None:
    client.force_login(teacher)
    assert at(machine) in client.get(f"/teaching/machines/{machine.pk}/").content.decode()
