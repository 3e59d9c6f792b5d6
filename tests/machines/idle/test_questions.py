"""Questions are asked once, begin to count when the first channel reached somebody, and are closed by one alone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Notice, User
from machines.idle import questions
from machines.models import Activity, Question
from tests.machines.idle.asked import asked, notice, told, visited
from tests.machines.world import Clock

pytestmark = pytest.mark.django_db


def test_a_question_has_three_channels(student: User) -> None:
    ask = asked(visited(student))
    assert {n.channel: n.state for n in questions.notices_of([ask])[ask.pk]} == {
        "page": "due",
        "mail": "due",
        "terminal": "due",
    }


def test_asked_twice_is_one_question(student: User) -> None:
    machine = visited(student)
    assert asked(machine) == asked(machine)
    assert Notice.objects.count() == 3


def test_it_stands_in_the_history(student: User) -> None:
    ask = asked(visited(student))
    assert "asked whether it is still in use" in str(ask.machine.events.first().note)  # type: ignore[union-attr]


def test_nothing_counts_before_somebody_was_told(student: User) -> None:
    ask = asked(visited(student))
    assert questions.settle(timezone.now() + timedelta(hours=11)) == 0
    ask.refresh_from_db()
    assert ask.ends_at is None


@pytest.mark.parametrize("channel", ["page", "mail", "terminal"])
def test_the_countdown_begins_with_the_first_delivery(student: User, clock: Clock, channel: str) -> None:
    ask = asked(visited(student))
    clock.move(600)
    told(ask, channel)
    assert ask.ends_at == questions.delivered_at(ask) + timedelta(minutes=15)  # type: ignore[operator]


def test_a_later_delivery_does_not_move_it(student: User, clock: Clock) -> None:
    ends_at = told(ask := asked(visited(student)), "page").ends_at
    clock.move(300)
    assert told(ask, "mail").ends_at == ends_at


def test_who_never_connected_has_the_shorter_time(student: User) -> None:
    machine = visited(student)
    Activity.objects.update(connected_at=None)
    ask = told(asked(machine))
    assert ask.ends_at - questions.delivered_at(ask) == timedelta(minutes=10)  # type: ignore[operator]


@pytest.mark.parametrize(("number", "days"), [(1, 7), (2, 1)])
def test_a_warning_gives_its_days_from_when_it_was_told(student: User, clock: Clock, number: int, days: int) -> None:
    ask = asked(visited(student), "archive", number)
    clock.move(3 * 24 * 3600)
    assert told(ask).ends_at == questions.delivered_at(ask) + timedelta(days=days)  # type: ignore[operator]


def test_the_second_warning_takes_the_place_of_the_first(student: User) -> None:
    machine = visited(student)
    first, second = asked(machine, "archive", 1), asked(machine, "archive", 2)
    first.refresh_from_db()
    assert (first.outcome, second.outcome) == ("over", "")


def test_a_question_closes_once(student: User) -> None:
    ask, now = asked(visited(student)), timezone.now()
    assert questions.close(question=ask, outcome=Question.Outcome.ACTIVE, now=now)
    assert not questions.close(question=ask, outcome=Question.Outcome.SILENCE, now=now)
    ask.refresh_from_db()
    assert ask.outcome == "active"


def test_what_is_not_yet_delivered_is_not_sent_after_the_end(student: User) -> None:
    ask = asked(visited(student))
    questions.close(question=ask, outcome=Question.Outcome.ACTIVE, now=timezone.now())
    assert {n.state for n in questions.notices_of([ask])[ask.pk]} == {"cancelled"}


def test_a_delivery_after_the_end_begins_nothing(student: User) -> None:
    ask = asked(visited(student))
    mail = notice(ask, "mail")
    questions.close(question=ask, outcome=Question.Outcome.ACTIVE, now=timezone.now())
    assert not questions.delivered(mail, timezone.now())
    assert Question.objects.get().ends_at is None


def test_closing_many_leaves_the_others_open(student: User) -> None:
    one, other = asked(visited(student)), asked(visited(student, name="two"))
    assert questions.close_all(pks=[one.pk], outcome=Question.Outcome.OVER, now=timezone.now()) == 1
    assert list(Question.objects.open()) == [other]


def test_settling_many_is_a_bounded_number_of_queries(student: User, django_assert_max_num_queries: object) -> None:
    for number in range(6):
        asked(visited(student, name=f"m{number}"))
    Notice.objects.filter(channel="mail").update(state="delivered", delivered_at=timezone.now())
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        assert questions.settle(timezone.now()) == 6


def test_a_mail_that_arrived_a_moment_ago_counts_before_anything_is_done(student: User) -> None:
    """The outbox calls nobody, so a decision looks there itself, under the lock."""
    ask, other = asked(visited(student)), asked(visited(student, name="two"))
    Notice.objects.filter(channel="mail").update(state="delivered", delivered_at=timezone.now())
    assert questions.settle(timezone.now(), machine=ask.machine_id) == 1
    assert list(Question.objects.filter(ends_at=None)) == [other]
