"""A refusal stands on the pages, and in the API, until it was read; until then nothing there says "ready"."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from machines.models import Machine
from machines.stepper.repair import NO_MOVE
from machines.stepper.requests import NO_RESET
from tests.api.program import Program
from tests.factories import make_machine

RESET: dict[str, Any] = {"refused": "reset", "refused_note": {"text": NO_RESET}}
MOVE: dict[str, Any] = {"refused": "move", "refused_note": {"text": NO_MOVE}}


@pytest.fixture
def signed_in(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


def page(client: Client, machine: Machine) -> str:
    return str(client.get(f"/machines/{machine.pk}/").content.decode())


@pytest.mark.parametrize("address", ["/", "/machines/{}/", "/machines/{}/card/", "/machines/{}/live/"])
def test_it_stands_where_it_would_say_that_it_is_ready(signed_in: Client, student: User, address: str) -> None:
    machine = make_machine(student, **RESET)
    text = signed_in.get(address.format(machine.pk)).content.decode()
    assert ("It could not be reset" in text, "It is ready" in text) == (True, False)


def test_once_read_it_is_ready(signed_in: Client, student: User) -> None:
    machine = make_machine(student, **RESET)
    assert 'id="do-see"' in page(signed_in, machine)
    assert signed_in.post(f"/machines/{machine.pk}/see/").status_code == 302
    text = page(signed_in, machine)
    assert ("It could not be reset" in text, "It is ready" in text) == (False, True)


def test_an_administrator_reads_it_but_leaves_it_to_its_owner(client: Client, student: User, admin: User) -> None:
    machine = make_machine(student, **RESET)
    client.force_login(admin)
    text = page(client, machine)
    assert ("It could not be reset" in text, 'id="do-see"' in text) == (True, False)
    assert client.post(f"/machines/{machine.pk}/see/").status_code == 403


def test_what_only_administrators_ask_concerns_only_them(client: Client, student: User, admin: User) -> None:
    machine = make_machine(student, **MOVE)
    shown = {}
    for who in (student, admin):
        client.force_login(who)
        text = page(client, machine)
        shown[who.username] = ("could not be moved" in text, 'id="admin-do-see"' in text, "It is ready" in text)
    assert shown == {"student": (False, False, True), "admin": (True, True, True)}


def test_the_api_tells_it_and_puts_it_away(student: User) -> None:
    machine, program = make_machine(student, **RESET), Program(student)
    told = program.ask("GET", f"machines/{machine.pk}/").json()
    assert (told["refused"]["what"], told["note"]) == ("reset", told["refused"]["note"])
    assert program.ask("POST", f"machines/{machine.pk}/see/").json()["refused"] is None


SETUP: dict[str, Any] = {"setup": "failed", "setup_fault": "Failed to run module scripts-user"}


def test_a_first_boot_that_failed_stands_on_the_page_until_it_was_read(signed_in: Client, student: User) -> None:
    machine = make_machine(student, **SETUP)
    text = page(signed_in, machine)
    assert ("Failed to run module" in text, 'id="setup-do-see"' in text, "It is ready" in text) == (True, True, False)
    signed_in.post(f"/machines/{machine.pk}/see/")
    assert "It is ready" in page(signed_in, machine)


def test_the_api_tells_how_a_first_boot_goes(student: User) -> None:
    machine = make_machine(student, setup="running", setup_line="Unpacking nginx")
    told = Program(student).ask("GET", f"machines/{machine.pk}/").json()
    assert (told["setup"], told["ready"]) == ({"state": "running", "line": "Unpacking nginx"}, False)


@pytest.mark.parametrize(("who", "reads"), [("author", True), ("other", False)])
def test_who_may_change_a_template_hears_of_failed_first_boots(
    client: Client, student: User, teacher: User, who: str, reads: bool
) -> None:
    template = make_machine(student, **SETUP).template
    if who == "author":
        type(template).objects.update(created_by=teacher)
    client.force_login(teacher)
    assert ("Failed to run module" in client.get("/lab-templates/").content.decode()) is reads
    told = Program(teacher).ask("GET", "templates/lab/").json()
    assert (told["setup_failures"], bool(told["setup_fault"])) == (int(reads), reads)
