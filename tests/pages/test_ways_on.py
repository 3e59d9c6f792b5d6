"""The next step of pages: for visitors the sign-in, for others the start page; of two buttons the safe one first; no form that cannot work."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from machines.models import DiskImage, Machine
from portal.presenters.show_machines import show
from tests.factories import make_machine
from tests.pages.test_quiet_questions import signed_in, text

pytestmark = pytest.mark.django_db
DOORS = ("inactive/", "signup/done/", "password/reset/done/", "password/reset/key/done/")


@pytest.mark.parametrize("path", DOORS)
def test_a_page_of_the_door_leads_on(student: User, path: str) -> None:
    visitor, person = text(Client().get(f"/accounts/{path}")), text(signed_in(student).get(f"/accounts/{path}"))
    assert '<a class="button main" href="/accounts/login/">Sign in</a>' in visitor
    assert '<a class="button main" href="/">To the start page</a>' in person


def test_a_page_that_is_not_there_leads_each_where_they_may_go(student: User, admin: User) -> None:
    pages = [client.get("/nowhere/").content.decode() for client in (Client(), signed_in(student), signed_in(admin))]
    ways = [re.findall(r'class="button main"\s+href="([^"]+)">([^<]+)<', page) for page in pages]
    assert ways == [[("/accounts/login/", "Sign in")], [("/", "To my machines")], [("/manage/", "To the start page")]]


@pytest.mark.parametrize("path", ["/help/", "/help/student/", "/api/docs/"])
def test_a_visitor_can_sign_in_from_every_open_page(student: User, path: str) -> None:
    assert 'id="sign-in"' in text(Client().get(path))
    assert 'id="sign-in"' not in text(signed_in(student).get(path))


def test_an_announcement_is_looked_at_first(admin: User) -> None:
    page = text(signed_in(admin).get("/manage/announcements/new/"))
    first = page[page.index('<button class="main" name="p') :]
    assert first.index('name="preview"') < first.index('name="publish"')


# ---- machines for which a form makes no sense ----


def reset_page(machine: Machine) -> str:
    return text(signed_in(machine.owner).get(f"/machines/{machine.pk}/reset/"))


def test_a_machine_that_runs_can_be_reset(student: User) -> None:
    assert "Yes, reset it" in reset_page(make_machine(student))


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"state": "building"}, "It is still being built."),
        ({"state": "deleting", "wanted": "gone"}, "It is being deleted already."),
        ({"state": "gone", "wanted": "gone"}, "It has been deleted already."),
    ],
)
def test_one_that_cannot_be_reset_says_why(student: User, facts: dict[str, str], said: str) -> None:
    page = reset_page(make_machine(student, **facts))
    assert said in page
    assert "Yes, reset it" not in page


@pytest.mark.parametrize(("state", "has_form"), [("ready", True), ("failed", False), ("due", False)])
def test_only_a_moment_that_is_there_can_be_gone_back_to(student: User, state: str, has_form: bool) -> None:
    machine = make_machine(student)
    DiskImage.objects.create(machine=machine, number=1, kind="moment", state=state, title="before", image_id="i")
    page = text(signed_in(student).get(f"/machines/{machine.pk}/moments/1/restore/"))
    assert ("Yes, go back" in page) is has_form


def test_a_deleted_machine_keeps_no_moments(student: User) -> None:
    machine = make_machine(student, state="gone", wanted="gone")
    page = text(signed_in(student).get(f"/machines/{machine.pk}/moments/"))
    assert "It has been deleted already." in page
    assert "Keep this moment" not in page


# ---- sentences ----


def shown(owner: User, **facts: Any) -> Any:
    return show(make_machine(owner, **facts), owner)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"rescues_asked": 1}, "It is about to be started from a rescue image."),
        ({"resets_asked": 1}, "It is about to be reset to its template."),
        ({"adopting": True}, "It is being taken over from the cluster."),
        ({"wanted": "suspended"}, "It is about to go to sleep."),
        ({"state": "archived"}, "It is about to be made from its archive."),
        ({"state": "deleting", "wanted": "gone"}, "Its disk and its ports go with it."),
        ({"state": "failed"}, "Something went wrong, and nobody knows what. Try again, or ask an administrator."),
    ],
)
def test_what_is_worked_on_is_named(student: User, facts: dict[str, Any], said: str) -> None:
    assert shown(student, **facts).sentence == said


def test_a_setup_that_failed_has_a_warnings_colour(student: User) -> None:
    machine = shown(student, setup="failed", setup_fault="no network")
    assert (machine.tone, machine.state_icon) == ("busy", "house-on")


def test_ports_of_a_broken_machine_are_not_called_open(student: User) -> None:
    machine = make_machine(student)
    client, path = signed_in(student), f"/machines/{machine.pk}/ports/"
    assert re.search(r'class="pill tone-on">Open<', text(client.get(path)))
    Machine.objects.update(state="failed")
    page = text(client.get(path))
    assert not re.search(r'class="pill tone-on">', page)
    assert "It needs attention, so nothing answers here now." in page
