"""The pages of a machine that sleeps because its owner's subscription ended."""

import pytest
from django.test import Client

from accounts.models import User
from machines.models import Machine
from tests.factories import make_machine
from tests.machines.lapsed import ended, follow, nothing_else, renew

SAID = "Your subscription ended on"


@pytest.fixture
def signed_in(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


@pytest.fixture
def machine(student: User) -> Machine:
    """A machine that sleeps since then."""
    found = make_machine(student, state="suspended")
    nothing_else(student)
    return found


def page(client: Client, machine: Machine, rest: str = "") -> str:
    return client.get(f"/machines/{machine.pk}/{rest}").text


def test_the_page_says_why_and_offers_what_helps(signed_in: Client, machine: Machine, student: User) -> None:
    ended(student)
    html = page(signed_in, machine)
    assert (SAID in html, 'id="ended"' in html, "/donating/" in html, "settings/#work" in html) == (True,) * 4
    assert ('id="do-wake"' in html, "Wake it, and" in html) == (False, False)


def test_the_card_says_why(signed_in: Client, machine: Machine, student: User) -> None:
    ended(student)
    html = signed_in.get("/").text
    assert (SAID in html, f'id="act-{machine.pk}"' in html) == (True, False)


def test_after_a_renewal_it_can_be_woken(signed_in: Client, machine: Machine, student: User, admin: User) -> None:
    renew(ended(student), admin)
    html = page(signed_in, machine)
    assert (SAID in html, 'id="do-wake"' in html) == (False, True)


def test_the_part_that_is_looked_at_again_changes_then(
    signed_in: Client, machine: Machine, student: User, admin: User
) -> None:
    row = ended(student)
    seen = signed_in.get(f"/machines/{machine.pk}/live/").text.partition("seen=")[2].partition('"')[0]
    assert signed_in.get(f"/machines/{machine.pk}/live/?seen={seen}").status_code == 204
    renew(row, admin)
    assert signed_in.get(f"/machines/{machine.pk}/live/?seen={seen}").status_code == 200


def test_a_press_that_came_too_late_reads_the_sentence(signed_in: Client, machine: Machine, student: User) -> None:
    ended(student)
    reply = signed_in.post(f"/machines/{machine.pk}/wake/", {"from": "connect"})
    assert (reply.status_code, SAID in reply.text) == (409, True)


def test_an_administrator_reads_whose_it_was(client: Client, machine: Machine, student: User, admin: User) -> None:
    ended(student)
    client.force_login(admin)
    html = page(client, machine)
    assert f"The subscription of {student.short_name} ended on" in html
    assert 'id="ended"' not in html


def test_the_history_has_the_line(signed_in: Client, student: User) -> None:
    runs = make_machine(student)
    nothing_else(student)
    ended(student)
    follow()
    assert "it goes to sleep. Nothing is deleted." in page(signed_in, runs, "history/")


def test_its_disk_can_be_prepared(signed_in: Client, machine: Machine, student: User) -> None:
    ended(student)
    assert "Prepare a download" in page(signed_in, machine, "settings/")
    assert signed_in.post(f"/machines/{machine.pk}/copy/").status_code == 302
    assert machine.copies.filter(state="due").count() == 1


def test_the_panel_says_until_when_nothing_is_deleted(signed_in: Client, machine: Machine, student: User) -> None:
    ended(student)
    assert "nothing of yours is archived or deleted before" in page(signed_in, machine)


def test_the_launch_page_says_why_there_is_no_room(signed_in: Client, machine: Machine, student: User) -> None:
    ended(student)
    assert "what it gave is no longer part of your quota" in signed_in.get("/launch/").text


def test_in_spanish(signed_in: Client, machine: Machine, student: User) -> None:
    ended(student)
    signed_in.cookies["django_language"] = "es"
    User.objects.filter(pk=student.pk).update(language="es")
    html = page(signed_in, machine)
    assert ("Tu suscripción terminó el" in html, "no se archiva ni se borra nada tuyo antes del" in html) == (
        True,
        True,
    )
