"""Questions as they are shown: in their card, with a countdown and one expected answer; and what others than the owner read."""

import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from machines.idle import questions
from machines.models import Machine, Question
from portal.presenters.question_banner import _loaded
from tests.factories import grant, make_machine
from tests.machines.idle.asked import asked, notice, taught_by, told, visited
from tests.machines.idle.quiet import row
from tests.pages.test_asks import link, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(student: User) -> Question:
    """A question about a machine that runs; nobody was told yet."""
    return asked(visited(student, name="condor"))


def test_my_machines_has_the_question_in_its_card_alone(ask: Question, student: User) -> None:
    page = signed_in(student).get("/").content.decode()
    assert page.count(f'id="ask-{ask.pk}"') == 1
    assert page.index(f'id="card-{ask.machine_id}"') < page.index(f'id="ask-{ask.pk}"')
    assert notice(ask, "page").state == "delivered"


def test_of_questions_of_one_moment_the_same_is_always_first(student: User) -> None:
    """Look at what is asked of the database: in which order it gives equals is luck."""
    now = timezone.now()
    first, second = (asked(visited(student, name=name), now=now) for name in ("condor", "puma"))
    with CaptureQueriesContext(connection) as queries:
        assert [each.row.pk for each in _loaded(Question.objects.all(), 5)] == [first.pk, second.pk]
    assert re.search(r'"asked_at" ASC, [^,]*"id" ASC', queries[0]["sql"])


def test_the_cards_that_ask_come_first(ask: Question, student: User) -> None:
    make_machine(student, name="newer")
    page = signed_in(student).get("/").content.decode()
    assert page.index(">condor<") < page.index(">newer<")


def test_a_question_of_no_card_stands_in_the_banner(ask: Question, student: User) -> None:
    Machine.objects.update(state="archived", wanted="archived", binned_at=timezone.now())
    page = signed_in(student).get("/").content.decode()
    assert page.index('id="questions"') < page.index(f'id="ask-{ask.pk}"') < page.index("</h1>")


def test_a_card_changes_with_its_question(ask: Question, student: User) -> None:
    client, card = signed_in(student), f"/machines/{ask.machine_id}/card/"
    seen = client.get(card).content.decode().split("?seen=")[1].split('"')[0]
    assert client.get(card, {"seen": seen}).status_code == 204
    questions.close(question=ask, outcome=Question.Outcome.OVER, now=timezone.now())
    assert client.get(card, {"seen": seen}).status_code == 200


def test_one_answer_is_filled_and_the_others_are_not(ask: Question, student: User) -> None:
    page = signed_in(student).get("/keys/").content.decode()
    filled = re.findall(r'id="say-\d+-(\w+)"\s+class="main"', page)
    assert filled == ["more"]
    assert page.index("Yes, 2\u00a0h more") < page.index("Other answers") < page.index("Sleep now")


def test_the_countdown_stands_as_a_time_without_its_script(ask: Question, student: User) -> None:
    ends_at = told(ask).ends_at
    page = signed_in(student).get("/keys/").content.decode()
    [left] = re.findall(r'role="timer" aria-live="off" data-left="(\d+)"', page)
    assert 890 <= int(left) <= 900
    assert f">It goes to sleep at {timezone.localtime(ends_at):%H:%M}" in page


def test_what_is_days_ahead_is_not_counted_down(student: User) -> None:
    asked(visited(student), "archive")
    page = signed_in(student).get("/keys/").content.decode()
    assert "Keep mine?" in page
    assert "data-left" not in page


def test_twelve_cards_that_ask_are_twelve_queries(student: User, django_assert_max_num_queries: Any) -> None:
    grant(student, machines=60, vcpus=99, ports=200)
    for number in range(12):
        told(asked(visited(student, name=f"m{number}")))
    client = signed_in(student)
    client.get("/")  # the first request also notes the address
    with django_assert_max_num_queries(12):
        assert client.get("/").content.count(b'role="timer"') == 12


# ---- somebody else ----


@pytest.mark.parametrize(("name", "called"), [("Ana", "Ana"), ("", "student")])
def test_an_administrator_reads_who_was_asked(student: User, admin: User, name: str, called: str) -> None:
    User.objects.filter(pk=student.pk).update(first_name=name)
    machine = row(student, timezone.now())
    told(asked(machine))
    client, at = signed_in(admin), f"/machines/{machine.pk}/"
    page = "".join(client.get(f"{at}{tab}").content.decode() for tab in ("", "settings/"))
    assert f"{called} was asked whether it is still needed." in page
    assert f"The quota of {called}" in page
    assert not re.search(r"\b[Yy]ou (were|are) asked|[Yy]our quota", page)


def test_a_teacher_who_answers_reads_the_owners_name(ask: Question, teacher: User) -> None:
    taught_by(ask.machine, teacher)
    User.objects.filter(username="student").update(first_name="Ana")
    page = signed_in(teacher).get(f"/asks/{ask.pk}/more/").content.decode()
    assert "Ana was asked whether condor is still in use." in page


def test_what_was_answered_is_said_without_you(ask: Question, teacher: User) -> None:
    taught_by(ask.machine, teacher)
    Client().post(link(ask, "more"))
    page = signed_in(teacher).post(f"/asks/{ask.pk}/more/").content.decode()
    assert "Somebody answered “a little longer” already" in page


def test_a_link_gives_times_in_its_owners_zone(ask: Question) -> None:
    User.objects.update(time_zone="America/La_Paz")
    ends_at = told(ask).ends_at
    assert ends_at
    here = ends_at.astimezone(ZoneInfo("America/La_Paz"))
    assert f"It goes to sleep at {here:%H:%M}" in Client().get(link(ask, "sleep")).content.decode()
