"""Addresses of the live process for programs."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from accounts.live_tickets import tickets
from accounts.models import User
from portal.live_addresses import files_purpose, terminal_purpose
from tests.factories import make_machine


def test_a_program_gets_the_address_of_a_terminal_with_a_ticket(api: Any, student: User) -> None:
    machine = make_machine(student)
    told = api.ask("POST", f"machines/{machine.pk}/terminal/", {"session": "work"}).json()
    url = urlsplit(told["url"])
    assert (url.scheme, url.path, told["session"]) == ("ws", f"/live/terminal/{machine.pk}/work", "work")
    [text] = parse_qs(url.query)["ticket"]
    used = tickets.use(text, scope=terminal_purpose(machine.pk), now=timezone.now())
    assert used
    assert (used[0], used[1].kind) == (student, "token")


def test_without_a_name_it_is_a_new_one(api: Any, student: User) -> None:
    address = f"machines/{make_machine(student).pk}/terminal/"
    names = {api.ask("POST", address, {}).json()["session"] for _time in range(2)}
    assert len(names) == 2


@pytest.mark.parametrize("name", ["", "A", "../1", "a b", "x" * 21, "ñ", 5, None, "1\n"])
def test_no_other_name_is_one(api: Any, student: User, name: Any) -> None:
    said = api.ask("POST", f"machines/{make_machine(student).pk}/terminal/", {"session": name})
    assert (said.status_code, said.json()["errors"][0]["field"]) == (400, "session")


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_a_request_for_files_is_led_to_the_live_process_with_its_query(api: Any, student: User, method: str) -> None:
    machine = make_machine(student)
    said = api.ask(method, f"machines/{machine.pk}/files/?path=a%FF%20b&replace=1&ticket=x")
    url = urlsplit(said.headers["Location"])
    assert (said.status_code, url.path, said.headers["Cache-Control"]) == (
        307,
        f"/live/files/{machine.pk}",
        "no-store, private",
    )
    ticket, *rest = url.query.split("&")
    assert rest == ["path=a%FF%20b", "replace=1"]
    assert tickets.use(ticket.removeprefix("ticket="), scope=files_purpose(machine.pk, method), now=timezone.now())


def test_a_link_on_the_page_leads_there_too(student: User, client: Any) -> None:
    machine = make_machine(student)
    client.force_login(student)
    said = client.get(f"/machines/{machine.pk}/files/?path=note%20%E2%80%AE")
    assert (said.status_code, said.headers["Location"].split("&")[1]) == (303, "path=note%20%E2%80%AE")
    assert f"/live/files/{machine.pk}?ticket=" in said.headers["Location"]
