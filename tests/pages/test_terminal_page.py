"""The page of a terminal: who gets it, and what stands there in each state of the machine."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from machines.models import InstalledKey, Machine, PortalKey
from tests.factories import make_machine
from tests.pages.plain_text import text


def with_own_key(machine: Machine) -> Machine:
    """Note that the portal's own key is in the machine's disk, and one of its owner's."""
    disk = {"machine": machine, "server_id": machine.server_id, "resets": machine.cloud_resets}
    PortalKey.objects.create(number=0, put_in_at=timezone.now(), public_key="ssh-ed25519 AAAA", **disk)
    InstalledKey.objects.create(name="laptop", public_key="ssh-ed25519 BBBB", **disk)
    return machine


@pytest.fixture
def signed_in(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


def at(machine: Machine) -> str:
    return f"/machines/{machine.pk}/terminal/"


def kind(reply: Any) -> str:
    """Return what stands where the terminal is."""
    return str(reply.content.decode().partition('data-kind="')[2].partition('"')[0])


def test_a_running_machine_leads_to_its_terminal(signed_in: Client, student: User) -> None:
    machine = with_own_key(make_machine(student))
    for page in ("/", f"/machines/{machine.pk}/"):
        assert f'href="{at(machine)}"' in signed_in.get(page).content.decode()
    assert kind(signed_in.get(at(machine))) == "shell"


@pytest.mark.parametrize(("state", "place"), [("building", "moving"), ("suspended", "resting"), ("failed", "resting")])
def test_else_the_page_says_what_has_to_happen(signed_in: Client, student: User, state: str, place: str) -> None:
    machine = with_own_key(make_machine(student, state=state))
    reply = signed_in.get(at(machine))
    assert kind(reply) == place
    assert str(machine.get_state_display()) in text(reply)


def test_without_a_key_of_the_portal_it_says_where_to_get_one(signed_in: Client, student: User) -> None:
    machine = make_machine(student)
    assert at(machine) not in signed_in.get(f"/machines/{machine.pk}/").content.decode()
    assert "Minga has no key in this machine" in text(signed_in.get(at(machine)))


@pytest.mark.parametrize("page", ["/", "/machines/{pk}/"])
def test_the_terminal_of_one_that_sleeps_wakes_it(signed_in: Client, student: User, page: str) -> None:
    machine = with_own_key(make_machine(student, state="suspended"))
    assert 'name="from" value="terminal"' in signed_in.get(page.format(pk=machine.pk)).content.decode()
    reply = signed_in.post(f"/machines/{machine.pk}/wake/", {"from": "terminal"})
    assert reply["Location"] == at(machine)
    machine.refresh_from_db()
    assert machine.wanted == "running"


def test_a_refused_press_is_answered_there(signed_in: Client, student: User) -> None:
    machine = with_own_key(make_machine(student, state="failed"))
    reply = signed_in.post(f"/machines/{machine.pk}/wake/", {"from": "terminal"})
    assert reply.status_code == 409
    assert kind(reply) == "resting"


def test_a_part_that_would_look_the_same_is_not_sent(signed_in: Client, student: User) -> None:
    machine = with_own_key(make_machine(student))
    page = signed_in.get(at(machine)).content.decode()
    seen = page.partition("?seen=")[2].partition('"')[0]
    assert signed_in.get(f"{at(machine)}?seen={seen}").status_code == 204


def test_administrators_have_it_and_strangers_and_teachers_have_not(
    client: Client, student: User, teacher: User, admin: User
) -> None:
    machine = with_own_key(make_machine(student))
    for person, status in ((admin, 200), (teacher, 404)):
        client.force_login(person)
        assert client.get(at(machine)).status_code == status


def test_staff_read_that_their_visit_is_recorded_and_owners_do_not(client: Client, student: User, admin: User) -> None:
    machine = with_own_key(make_machine(student))
    for person, is_told in ((admin, True), (student, False)):
        client.force_login(person)
        assert ('id="others"' in client.get(at(machine)).content.decode()) == is_told


def test_it_is_only_read(signed_in: Client, student: User) -> None:
    assert signed_in.post(at(make_machine(student))).status_code == 405
