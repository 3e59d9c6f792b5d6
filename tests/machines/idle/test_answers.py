"""Answers: which, by whom, within which limits; and of an answer and silence exactly one counts."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from courses.models import Template
from lib.notes import Refusal
from machines.idle import answers, durations, questions
from machines.models import Answer, Hold, Machine, Question
from tests.machines.idle.asked import asked, taught_by, told, visited
from tests.machines.world import Clock
from tests.waiting import PATIENCE

pytestmark = pytest.mark.django_db


def say(ask: Question, choice: str, by: User | None = None, **more: Any) -> Answer:
    return answers.answer(question=ask, choice=choice, by=by, now=timezone.now(), **more)


def hours(number: float) -> datetime:
    return timezone.now() + timedelta(hours=number)


@pytest.fixture
def ask(student: User) -> Question:
    """Ask about a running machine; its owner was told just now."""
    return told(asked(visited(student)))


def test_more_keeps_it_awake_for_the_policys_minutes(ask: Question) -> None:
    say(ask, "more")
    hold = Hold.objects.get()
    assert (hold.kind, hold.ends_at - hold.starts_at) == ("more", timedelta(minutes=120))


def test_an_answer_closes_the_question(ask: Question) -> None:
    say(ask, "more")
    ask.refresh_from_db()
    assert (ask.outcome, ask.closed_at is None) == ("answered", False)


def test_sleep_puts_it_to_sleep_at_once(ask: Question) -> None:
    say(ask, "sleep")
    assert Machine.objects.get().wanted == "suspended"


def test_done_puts_it_away_at_once(ask: Question) -> None:
    say(ask, "done")
    assert Machine.objects.get().wanted == "shelved"


def test_a_long_job_holds_until_then(ask: Question) -> None:
    until = hours(12)
    say(ask, "job", until=until)
    assert list(Hold.objects.values_list("kind", "ends_at")) == [("job", until)]


def test_a_job_of_more_than_twelve_hours_is_refused_with_the_number(ask: Question) -> None:
    with pytest.raises(durations.NoMoreHold, match="takes 12 h at most"):
        say(ask, "job", until=hours(12.1))


@pytest.mark.parametrize("until", [None, -1])
def test_a_job_needs_an_end_that_is_still_to_come(ask: Question, until: float | None) -> None:
    with pytest.raises(answers.NotNow, match="18:30"):
        say(ask, "job", until=until and hours(until))


def test_a_refused_answer_leaves_the_question_open(ask: Question) -> None:
    with pytest.raises(Refusal):
        say(ask, "job", until=hours(13))
    assert Question.objects.open().get() == ask
    assert not Hold.objects.exists()


def held(machine: Machine, from_hours: float, length: float) -> None:
    since = hours(from_hours)
    Hold.objects.create(machine=machine, kind="job", starts_at=since, ends_at=since + timedelta(hours=length))


def test_jobs_of_a_week_are_refused_with_what_is_taken_and_left(ask: Question) -> None:
    held(ask.machine, -100, 12)
    held(ask.machine, -50, 10)
    with pytest.raises(durations.NoMoreHold, match="24 h in seven days; 22 h are taken, 2 h are left"):
        say(ask, "job", until=hours(3))
    say(ask, "job", until=hours(1.9))


def test_what_is_older_than_a_week_is_not_counted(ask: Question) -> None:
    held(ask.machine, -8 * 24, 12)
    held(ask.machine, -50, 12)
    say(ask, "job", until=hours(12))
    assert Hold.objects.count() == 3


def test_of_a_job_that_reaches_into_the_week_only_that_part_counts(ask: Question) -> None:
    held(ask.machine, -7 * 24 - 6, 12)
    assert (
        round(durations.held_in_a_week([ask.machine.pk], timezone.now())[ask.machine.pk].total_seconds() / 3600, 1) == 6
    )


def test_jobs_that_overlap_count_once(ask: Question) -> None:
    held(ask.machine, -20, 10)
    held(ask.machine, -15, 10)
    assert (
        round(durations.held_in_a_week([ask.machine.pk], timezone.now())[ask.machine.pk].total_seconds() / 3600, 1)
        == 15
    )


def policy(**rules: Any) -> None:
    Template.objects.update(idle=rules)


def test_where_students_may_not_hold_a_job_is_refused(ask: Question) -> None:
    policy(may_hold=False)
    with pytest.raises(durations.NoMoreHold, match="A teacher can give it more time"):
        say(Question.objects.get(), "job", until=hours(1))


def test_a_job_is_offered_only_near_the_end(student: User, clock: Clock) -> None:
    machine = visited(student)
    policy(ask_minutes=60)
    ask = told(asked(Machine.objects.get()))
    with pytest.raises(durations.NoMoreHold, match=r"last 30 min .* from 10:30 on"):
        say(ask, "job", until=hours(1))
    assert not durations.offers_long(ask, timezone.now())
    clock.move(31 * 60)
    assert durations.offers_long(ask, timezone.now())
    say(ask, "job", until=hours(1))
    assert Hold.objects.filter(machine=machine).exists()


def test_a_teacher_of_the_course_gives_more_than_a_student_may_have(ask: Question, teacher: User) -> None:
    taught_by(ask.machine, teacher)
    policy(may_hold=False)
    say(ask, "job", teacher, until=hours(40), is_given=True)
    assert list(Hold.objects.values_list("kind", "by__username")) == [("given", "teacher")]


def test_a_teacher_may_give_before_anything_is_asked(student: User, teacher: User) -> None:
    machine = visited(student)
    taught_by(machine, teacher)
    answers.give(machine=Machine.objects.get(), until=hours(30), by=teacher, now=timezone.now())
    assert Hold.objects.get().kind == "given"


def test_what_is_given_while_a_question_is_open_closes_it(ask: Question, admin: User) -> None:
    answers.give(machine=ask.machine, until=hours(2), by=admin, now=timezone.now())
    assert Question.objects.get().outcome == "active"


def test_an_admin_answers_for_anybody(ask: Question, admin: User) -> None:
    say(ask, "sleep", admin)
    assert Answer.objects.get().by == admin


def test_the_same_answer_counts_once_and_says_when(ask: Question) -> None:
    say(ask, "more")
    with pytest.raises(answers.TooLate, match="answered “a little longer” already, at "):
        say(ask, "more")
    assert Hold.objects.count() == 1


def test_a_mind_can_be_changed_while_the_question_lives(ask: Question) -> None:
    say(ask, "more")
    say(ask, "sleep")
    assert Machine.objects.get().wanted == "suspended"
    assert not Hold.objects.live(timezone.now()).exists()


def test_who_sleeps_already_is_told_so(ask: Question) -> None:
    say(ask, "sleep")
    with pytest.raises(answers.TooLate, match="sleeps already"):
        say(ask, "more")


@pytest.mark.parametrize(
    ("outcome", "words"), [("silence", "put to sleep"), ("active", "used it since"), ("over", "no longer in the state")]
)
def test_a_question_that_is_over_says_what_became_of_it(ask: Question, outcome: str, words: str) -> None:
    questions.close(question=ask, outcome=outcome, now=timezone.now())
    with pytest.raises(answers.TooLate, match=words):
        say(ask, "more")


def test_an_hour_after_the_end_it_is_too_late(ask: Question, clock: Clock) -> None:
    assert ask.ends_at
    now = ask.ends_at + timedelta(minutes=61)
    with pytest.raises(answers.TooLate, match="The time for an answer ended"):
        answers.answer(question=ask, choice="more", by=None, now=now)


def test_keep_counts_the_days_anew(student: User) -> None:
    machine = visited(student, used_at=timezone.now() - timedelta(days=24))
    say(told(asked(machine, "archive")), "keep")
    machine.refresh_from_db()
    assert timezone.now() - machine.used_at < timedelta(minutes=1)


def test_the_link_of_the_first_warning_still_helps_after_the_second(student: User) -> None:
    machine = visited(student)
    first = asked(machine, "archive", 1)
    second = asked(machine, "archive", 2)
    assert say(first, "keep").ask == second


def test_a_warning_is_not_answered_with_more_time(student: User) -> None:
    with pytest.raises(answers.NotNow):
        say(told(asked(visited(student), "archive")), "more")


@pytest.mark.parametrize("kind", ["archive", "delete"])
def test_done_does_at_once_what_was_warned_of(student: User, kind: str) -> None:
    wanted = {"archive": "archived", "delete": "gone"}[kind]
    state = {"archive": "suspended", "delete": "archived"}[kind]
    machine = visited(student)
    Machine.objects.update(state=state, wanted=state)
    say(told(asked(machine, kind)), "done")
    assert Machine.objects.get().wanted == wanted


def _at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """Run each in a thread and a connection of its own, all begun at the same moment."""
    start, found = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(place: int, deed: Callable[[], Any]) -> None:
        try:
            start.wait(PATIENCE)
            found[place] = deed()
        except Refusal as refusal:
            found[place] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return found


@pytest.mark.django_db(transaction=True)
def test_of_an_answer_and_silence_exactly_one_wins(student: User) -> None:
    for number in range(5):
        ask = told(asked(visited(student, name=f"m{number}")))

        def silence(ask: Question = ask) -> bool:
            with transaction.atomic():
                return questions.close(question=ask, outcome=Question.Outcome.SILENCE, now=timezone.now())

        answered, slept = _at_once(lambda ask=ask: say(ask, "more"), silence)
        assert isinstance(answered, Answer) is not slept
        assert Hold.objects.filter(machine=ask.machine).exists() is not slept


@pytest.mark.django_db(transaction=True)
def test_two_taps_at_once_are_one_answer(student: User) -> None:
    ask = told(asked(visited(student)))
    found = _at_once(lambda: say(ask, "more"), lambda: say(ask, "more"))
    assert sorted(type(one).__name__ for one in found) == ["Answer", "TooLate"]
    assert Hold.objects.count() == 1
