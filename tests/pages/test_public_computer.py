"""The page behind a label's code: kind and state for anybody, the desk for staff, nothing for whoever counts through numbers."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from accounts.donors import donor_limits
from accounts.models import User
from nodes.models import Computer
from nodes.states import State
from tests.nodes.donated import make_computer
from tests.pages.desk_pages import text

pytestmark = pytest.mark.django_db
HIDDEN = (State.OFFERED, State.ACCEPTED, State.DECLINED)


def path(number: str) -> str:
    return f"/c/{number}/"


@pytest.mark.parametrize("state", [state for state in State if state not in HIDDEN])
def test_it_says_what_kind_it_is_and_how_it_is(client: Client, state: State) -> None:
    computer = make_computer(state, kind="laptop")
    reply = client.get(path(computer.number))
    assert f"{computer.number} {state.label} Somebody gave it" in text(reply)
    assert "Laptop" in text(reply)
    assert reply["X-Robots-Tag"] == "noindex, nofollow"
    assert b'name="robots" content="noindex"' in reply.content


def test_it_speaks_the_browsers_language(client: Client) -> None:
    reply = client.get(path(make_computer("in_service").number), headers={"accept-language": "es"})
    assert "En servicio Alguien la donó. Hoy lleva máquinas de estudiantes." in text(reply)


def test_it_tells_the_month_and_nothing_of_whose_or_which_it_is(client: Client, settings: Any) -> None:
    settings.DONATIONS_PLACE = "Room 12"
    computer = make_computer("in_service", state_since=datetime(2026, 3, 17, 12, tzinfo=UTC), grams=8400)
    page = client.get(path(computer.number)).content.decode().partition("<main")[2].replace(computer.number, "")
    assert "March 2026" in page
    for said in ("17", "OptiPlex", "E8400", "Lucía", "Colegio", "lucia@", computer.donation.number, "8.4", "Room 12"):
        assert said not in page


@pytest.mark.parametrize("state", HIDDEN)
def test_one_that_is_not_here_yet_reads_as_one_that_nobody_has(client: Client, state: State) -> None:
    computer = make_computer(state)
    hidden = client.get(path(computer.number))
    Computer.objects.all().delete()
    gone = client.get(path(computer.number))
    assert (hidden.status_code, gone.status_code) == (404, 404)
    assert text(hidden) == text(gone)
    assert "There is no computer with this number here, or nothing is shown of it yet." in text(gone)


def test_a_wrong_last_digit_says_which_number_to_check(client: Client) -> None:
    reply = client.get(path("MNG-00127-5"))
    assert reply.status_code == 404
    assert "The last digit does not fit: check MNG-00127-?" in text(reply)


def test_what_is_no_number_says_how_one_looks(client: Client) -> None:
    reply = client.get(path("dell"))
    assert (reply.status_code, "A number looks like this: MNG-00127-4." in text(reply)) == (404, True)


def test_a_number_that_was_typed_another_way_leads_to_the_same_address(client: Client) -> None:
    assert client.get(path("mng001274"))["Location"] == "/c/MNG-00127-4/"


def test_staff_have_a_way_to_the_desk(client: Client, admin: User) -> None:
    computer = make_computer("accepted")
    client.force_login(admin)
    assert f'href="/manage/computers/{computer.pk}/"' in client.get(path(computer.number)).content.decode()


def test_staff_who_are_not_signed_in_come_back_to_the_desk(client: Client, admin: User) -> None:
    computer = make_computer("received")
    way = f"/accounts/login/?next=%2Fmanage%2Fcomputers%2F%3Fq%3D{computer.number}"
    assert f'href="{way}"' in client.get(path(computer.number)).content.decode()
    client.force_login(admin)
    assert client.get(f"/manage/computers/?q={computer.number}")["Location"] == f"/manage/computers/{computer.pk}/"


def test_others_who_are_signed_in_have_no_way_to_the_desk(client: Client, student: User) -> None:
    client.force_login(student)
    assert "At the desk" not in text(client.get(path(make_computer("received").number)))


def test_one_writes_where_it_is_only_if_there_is_an_address(client: Client, settings: Any) -> None:
    computer = make_computer("lost")
    settings.DONATIONS_EMAIL = ""
    assert "Tell us" not in text(client.get(path(computer.number)))
    settings.DONATIONS_EMAIL = "give@example.org"
    page = client.get(path(computer.number)).content.decode()
    assert f'href="mailto:give@example.org?subject={computer.number}"' in page
    assert "Have you found it?" in page


def test_who_counts_through_the_numbers_has_to_wait(
    client: Client, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(donor_limits, "LOOKS", 3)
    replies = [client.get(path("MNG-00127-4"), REMOTE_ADDR="192.0.2.7") for _ in range(4)]
    assert [reply.status_code for reply in replies] == [404, 404, 404, 429]
    assert replies[-1]["Retry-After"].isdigit()
    assert client.get(path("MNG-00127-4"), REMOTE_ADDR="198.51.100.7").status_code == 404
    client.force_login(admin)
    assert client.get(path("MNG-00127-4"), REMOTE_ADDR="192.0.2.7").status_code == 404
