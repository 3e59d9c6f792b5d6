"""Answers for a time: which are offered, until when each lasts, and that the server keeps to the policy."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from courses.models import Template
from machines.idle import answers, durations
from machines.models import Hold, Question
from tests.machines.idle.asked import asked, told, visited

pytestmark = pytest.mark.django_db


def at(hour: float) -> Any:
    return time_machine.travel(datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hour), tick=False)


def ask(student: User, **policy: Any) -> Question:
    machine = visited(student)
    Template.objects.update(idle=policy)
    return told(asked(type(machine).objects.get()))


def say(question: Question, choice: str) -> datetime:
    answers.answer(question=question, choice=choice, by=None, now=timezone.now())
    return Hold.objects.get().ends_at


@pytest.mark.parametrize(
    ("hour", "offered"),
    [
        (9, ["more", "4h", "job"]),  # 22:00 is more than 12 hours ahead
        (14, ["more", "4h", "tonight", "job"]),
        (20.5, ["more", "4h", "job"]),  # 22:00 is nearer than the first answer
        (23, ["more", "4h", "job"]),
    ],
)
def test_what_is_offered_depends_on_the_hour(student: User, hour: float, offered: list[str]) -> None:
    with at(hour):
        assert durations.offered(ask(student), timezone.now()) == offered


@pytest.mark.parametrize(
    ("policy", "offered"),
    [
        ({"may_hold": False}, ["more"]),
        ({"hold_hours": 3}, ["more", "job"]),
        ({"more_minutes": 240}, ["more", "tonight", "job"]),
        ({"ask_minutes": 60}, ["more"]),  # it is early yet
        ({"hold_hours_a_week": 5}, ["more", "4h", "job"]),
    ],
)
def test_what_is_offered_follows_the_policy(student: User, policy: dict[str, Any], offered: list[str]) -> None:
    with at(14):
        assert durations.offered(ask(student, **policy), timezone.now()) == offered


def test_what_the_week_has_no_room_for_is_not_offered(student: User) -> None:
    with at(14):
        question, now = ask(student), timezone.now()
        job = {"machine": question.machine, "kind": "job", "starts_at": now - timedelta(hours=30)}
        hold = Hold.objects.create(**job, ends_at=now - timedelta(hours=9))
        assert durations.offered(question, now) == ["more", "job"]  # 21 of 24 hours are taken
        Hold.objects.filter(pk=hold.pk).update(ends_at=now - timedelta(hours=6))
        assert durations.offered(question, now) == ["more"]


def test_four_hours_are_four_hours(student: User) -> None:
    with at(14):
        assert say(ask(student), "4h") == timezone.now() + timedelta(hours=4)


def test_tonight_is_ten_by_the_clock_of_who_answers(student: User) -> None:
    with at(17), timezone.override("America/La_Paz"):
        assert say(ask(student), "tonight") == datetime(2026, 3, 3, 2, tzinfo=UTC)


def test_tonight_is_refused_once_it_has_passed(student: User) -> None:
    with at(22.5), pytest.raises(answers.NotNow, match="later than 22:00 already"):
        say(ask(student), "tonight")


@pytest.mark.parametrize(
    ("policy", "choice"), [({"may_hold": False}, "4h"), ({"hold_hours": 3}, "4h"), ({"hold_hours": 7}, "tonight")]
)
def test_what_is_not_offered_is_refused(student: User, policy: dict[str, Any], choice: str) -> None:
    """A link or a form may have been written before the policy changed, or by hand."""
    with at(14), pytest.raises(durations.NoMoreHold):
        say(ask(student, **policy), choice)
    assert not Hold.objects.exists()


def test_a_teacher_gives_more_than_the_policy_allows(student: User, teacher: User) -> None:
    with at(14):
        answers.answer(
            question=ask(student, may_hold=False), choice="4h", by=teacher, now=timezone.now(), is_given=True
        )
        assert Hold.objects.get().kind == "given"


def test_each_length_counts_once(student: User) -> None:
    with at(14):
        question = ask(student)
        say(question, "4h")
        with pytest.raises(answers.TooLate, match="answered “4 h more” already, at 14:00"):
            say(question, "4h")
        answers.answer(question=question, choice="tonight", by=None, now=timezone.now())
        assert Hold.objects.count() == 2
