"""The idle question below a terminal: who reads it, when it is sent anew, and which page counts as a delivery."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from machines.idle import questions
from machines.models import Machine, Question
from tests.machines.idle.asked import asked, notice, visited
from tests.pages.test_terminal_page import with_own_key

pytestmark = pytest.mark.django_db
ASKED = "Still using caiman?"


@pytest.fixture
def machine(student: User) -> Machine:
    return with_own_key(visited(student, name="caiman"))


@pytest.fixture
def ask(machine: Machine) -> Question:
    return asked(machine)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def part(machine: Machine, who: User, seen: str = "none") -> Any:
    path = f"/machines/{machine.pk}/terminal/question/"
    return signed_in(who).get(path, {"seen": seen}, headers={"HX-Request": "true"})


def seen_in(reply: Any) -> str:
    return str(reply.content.decode().partition("?seen=")[2].partition('"')[0])


def test_the_page_of_the_terminal_has_it_and_its_answers(machine: Machine, ask: Question, student: User) -> None:
    page = signed_in(student).get(f"/machines/{machine.pk}/terminal/").content.decode()
    assert page.count(ASKED) == 1
    for choice in ("more", "sleep"):
        assert f'action="/asks/{ask.pk}/{choice}/"' in page


def test_where_no_terminal_can_be_opened_the_banner_has_it(student: User) -> None:
    ask = asked(machine := visited(student, name="caiman"))
    page = signed_in(student).get(f"/machines/{machine.pk}/terminal/").content.decode()
    assert (page.count(ASKED), f'id="ask-{ask.pk}"' in page) == (1, True)


def test_who_opens_that_page_was_asked(machine: Machine, ask: Question, student: User) -> None:
    signed_in(student).get(f"/machines/{machine.pk}/terminal/")
    assert notice(ask, "page").state == "delivered"


def test_a_part_that_asks_for_itself_delivers_nothing(machine: Machine, ask: Question, student: User) -> None:
    assert ASKED in part(machine, student).content.decode()
    assert notice(ask, "page").state == "due"


def test_news_is_told_to_screen_readers_once(machine: Machine, ask: Question, student: User) -> None:
    first = part(machine, student)
    assert 'id="said"' in first.content.decode()
    assert 'id="said"' not in part(machine, student, seen="other").content.decode()


def test_nothing_new_is_no_content(machine: Machine, ask: Question, student: User) -> None:
    assert part(machine, student, seen=seen_in(part(machine, student))).status_code == 204


def test_where_nobody_asks_the_place_is_empty(machine: Machine, student: User) -> None:
    assert part(machine, student).status_code == 204


def test_a_question_that_is_closed_goes(machine: Machine, ask: Question, student: User) -> None:
    seen = seen_in(part(machine, student))
    questions.close_all(pks=[ask.pk], outcome="answered", now=ask.asked_at)
    said = part(machine, student, seen=seen).content.decode()
    assert ASKED not in said
    assert 'id="asked"' in said


def test_an_administrator_is_not_asked_for_the_owner(machine: Machine, ask: Question, admin: User) -> None:
    assert part(machine, admin).status_code == 204


def test_a_stranger_finds_nothing(machine: Machine, ask: Question, student2: User) -> None:
    assert part(machine, student2).status_code == 404


def test_nothing_is_posted_there(machine: Machine, student: User) -> None:
    assert signed_in(student).post(f"/machines/{machine.pk}/terminal/question/").status_code == 405
