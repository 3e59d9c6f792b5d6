"""The sweep with rows and a clock: what it does, in which order, how often, and never on old facts."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Notice, User
from courses.models import Course, Lesson, Template
from machines import actions
from machines.idle import enforce, questions
from machines.idle.stages import Step
from machines.models import Activity, Event, Hold, Machine, Question
from machines.verbs import Verb
from tests.machines.idle.quiet import LONG_AGO, heard, minutes, row, told

if TYPE_CHECKING:
    from tests.machines.world import Clock

DAY = timedelta(days=1)


def names(steps: list[Step]) -> list[str]:
    return [step.stage.name for step in steps]


def tick(clock: "Clock", after: timedelta = timedelta(0)) -> list[str]:
    """Sweep some time later, with every running machine heard and quiet all the while."""
    clock.move(after.total_seconds())
    Activity.objects.update(ports_heard_at=clock.now, load_heard_at=clock.now)
    return names(enforce.tick(clock.now))


@pytest.fixture
def machine(clock: "Clock", student: User) -> Machine:
    return row(student, clock.now)


def test_from_quiet_to_put_away(clock: "Clock", machine: Machine) -> None:
    """The first part of the table, in one life."""
    assert tick(clock) == ["ask"]
    told(machine, clock.now)
    assert (tick(clock, minutes(14)), tick(clock, minutes(2))) == ([], ["sleep"])
    Machine.objects.update(state="suspended", state_since=clock.now)
    assert (tick(clock, 1.9 * DAY), tick(clock, 0.2 * DAY)) == ([], ["put away"])
    assert Machine.objects.get().wanted == "shelved"


@pytest.mark.slow
def test_from_put_away_to_deleted(clock: "Clock", student: User) -> None:
    """The second part: each warning delivered on the day on which it was given."""
    machine = row(student, clock.now, state="shelved")
    done = []
    for _day in range(140):
        done += tick(clock, DAY)
        Question.objects.open().filter(ends_at=None, number=1).update(ends_at=clock.now + 7 * DAY)
        Question.objects.open().filter(ends_at=None, number=2).update(ends_at=clock.now + DAY)
        machine.refresh_from_db()
        if machine.wanted == "archived" and machine.state == "shelved":
            Machine.objects.update(state="archived", state_since=clock.now)
    warned = ["warn of the archive", "warn of the archive again", "archive"]
    assert done == [*warned, "warn of the end", "warn of the end again", "delete"]


def test_the_system_acts_by_itself_and_says_why(clock: "Clock", machine: Machine) -> None:
    tick(clock)
    told(machine, clock.now)
    tick(clock, minutes(16))
    event = Event.objects.filter(machine=machine, kind="wished").first()
    assert event is not None
    assert (event.by, str(event.note).startswith("Put to sleep: not used for 136 minutes")) == (None, True)


def test_a_question_that_ended_in_silence_says_so(clock: "Clock", machine: Machine) -> None:
    tick(clock)
    ask = told(machine, clock.now)
    tick(clock, minutes(16))
    ask.refresh_from_db()
    assert (ask.outcome, Machine.objects.get().wanted) == ("silence", "suspended")


def test_it_is_asked_once(clock: "Clock", machine: Machine) -> None:
    assert (tick(clock), tick(clock, minutes(5)), Question.objects.count()) == (["ask"], [], 1)


def test_nobody_told_nothing_done_for_half_a_day(clock: "Clock", machine: Machine) -> None:
    tick(clock)
    assert (tick(clock, timedelta(hours=11.9)), tick(clock, timedelta(hours=0.2))) == ([], ["sleep"])
    assert "no message reached" in str(Event.objects.filter(machine=machine, kind="wished")[0].note)


def test_activity_after_the_question_takes_it_back_and_it_is_asked_again_later(
    clock: "Clock", machine: Machine
) -> None:
    tick(clock)
    told(machine, clock.now)
    Activity.objects.update(cpu_at=clock.now + minutes(3))
    assert tick(clock, minutes(4)) == ["came back"]
    assert (Question.objects.get().outcome, tick(clock, minutes(45))) == ("active", ["ask"])


def test_a_hold_takes_the_question_back(clock: "Clock", machine: Machine) -> None:
    tick(clock)
    told(machine, clock.now)
    Hold.objects.create(machine=machine, kind="more", starts_at=clock.now, ends_at=clock.now + minutes(120))
    assert (tick(clock, minutes(16)), tick(clock, minutes(120))) == (["came back"], [])
    assert tick(clock, minutes(30)) == ["ask"]


def test_a_class_in_session_keeps_its_machines_awake(clock: "Clock", machine: Machine) -> None:
    course = Course.objects.create(slug="c", name="C")
    Template.objects.update(course=course)
    Lesson.objects.create(course=course, starts_at=clock.now - minutes(5), ends_at=clock.now + minutes(60))
    assert (tick(clock), tick(clock, minutes(100)), tick(clock, minutes(6))) == ([], [], ["ask"])


def test_a_class_of_another_course_keeps_nobody_awake(clock: "Clock", machine: Machine) -> None:
    other = Course.objects.create(slug="c", name="C")
    Lesson.objects.create(course=other, starts_at=clock.now - minutes(5), ends_at=clock.now + minutes(60))
    assert tick(clock) == ["ask"]


@pytest.mark.parametrize(
    ("course", "template", "asked"), [(180, None, []), (180, 90, ["ask"]), (None, 180, []), (60, None, ["ask"])]
)
def test_a_course_changes_the_sites_policy_and_a_template_its_courses(
    clock: "Clock", machine: Machine, course: float | None, template: float | None, asked: list[str]
) -> None:
    rules = {"idle_minutes": course} if course else {}
    Template.objects.update(
        course=Course.objects.create(slug="c", name="C", idle=rules),
        idle={"idle_minutes": template} if template else {},
    )
    assert tick(clock) == asked


def test_a_site_changes_the_policy(clock: "Clock", machine: Machine, settings: Any) -> None:
    settings.IDLE = {"idle_minutes": 180.0}
    assert tick(clock) == []


def test_a_machine_that_was_put_to_sleep_by_hand_has_no_question_left(
    clock: "Clock", machine: Machine, student: User
) -> None:
    tick(clock)
    told(machine, clock.now)
    actions.suspend(machine=machine, by=student)
    assert (tick(clock), Question.objects.get().outcome) == (["over"], "over")


def test_a_machine_that_was_deleted_has_no_question_left(clock: "Clock", machine: Machine) -> None:
    tick(clock)
    Machine.objects.update(state="gone", wanted="gone")
    assert (tick(clock), Question.objects.get().outcome) == (["over"], "over")


def test_a_woken_machine_is_not_archived_though_it_was_warned(clock: "Clock", student: User) -> None:
    machine = row(student, clock.now, state="shelved")
    tick(clock, 23 * DAY)
    Machine.objects.update(state="running", wanted="running", used_at=clock.now, state_since=clock.now)
    Activity.objects.create(machine=machine, **heard(clock.now, since=clock.now))
    assert (tick(clock), Question.objects.get().outcome) == (["over"], "over")


def test_no_more_is_done_in_one_turn_than_the_settings_say(clock: "Clock", student: User, settings: Any) -> None:
    settings.IDLE_MOST = 2
    for number in range(3):
        row(student, clock.now, name=f"m{number}")
    assert (len(tick(clock)), len(tick(clock)), len(tick(clock))) == (2, 1, 0)


def test_one_that_is_refused_does_not_stop_the_others(
    clock: "Clock", student: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        machine = row(student, clock.now, name=f"m{number}")
        questions.ask(machine=machine, kind="sleep", why=questions.Note("x"), now=clock.now - minutes(16))
        told(machine, clock.now - minutes(16))
    suspend = actions.suspend

    def moody(*, machine: Machine, **more: Any) -> Machine:
        if machine.name == "m0":
            raise actions.WrongState("not now")
        return suspend(machine=machine, **more)

    monkeypatch.setitem(actions.ACTIONS, Verb.SUSPEND, moody)
    assert tick(clock) == ["sleep"]
    assert list(Question.objects.open().values_list("machine__name", flat=True)) == ["m0"]


# ---- never on old facts ----


@pytest.fixture
def about_to_sleep(clock: "Clock", machine: Machine) -> list[Step]:
    """Return what the sweep has decided a moment ago."""
    tick(clock)
    told(machine, clock.now)
    clock.move(16 * 60)
    Activity.objects.update(ports_heard_at=clock.now, load_heard_at=clock.now)
    steps = enforce.plan(enforce.load_outlooks(clock.now), clock.now)
    assert names(steps) == ["sleep"]
    return steps


def done(steps: list[Step], clock: "Clock") -> tuple[list[bool], str]:
    return [enforce._done(step, clock.now) for step in steps], Machine.objects.get().wanted


def test_what_was_decided_is_done(about_to_sleep: list[Step], clock: "Clock") -> None:
    assert done(about_to_sleep, clock) == ([True], "suspended")


def test_who_came_back_in_the_last_moment_is_left_alone(about_to_sleep: list[Step], clock: "Clock") -> None:
    Activity.objects.update(ports_at=clock.now)
    assert done(about_to_sleep, clock) == ([False], "running")


def test_who_answers_in_the_last_moment_is_left_alone(about_to_sleep: list[Step], clock: "Clock") -> None:
    questions.close(question=Question.objects.get(), outcome="answered", now=clock.now)
    assert done(about_to_sleep, clock) == ([False], "running")


def test_who_is_held_awake_in_the_last_moment_is_left_alone(about_to_sleep: list[Step], clock: "Clock") -> None:
    Hold.objects.create(machine=Machine.objects.get(), kind="job", ends_at=clock.now + minutes(60))
    assert done(about_to_sleep, clock) == ([False], "running")


def test_whose_host_falls_silent_in_the_last_moment_is_left_alone(about_to_sleep: list[Step], clock: "Clock") -> None:
    Activity.objects.update(load_heard_at=clock.now - LONG_AGO)
    assert done(about_to_sleep, clock) == ([False], "running")


def test_a_message_that_arrives_in_the_last_moment_gives_its_time(clock: "Clock", machine: Machine) -> None:
    """The machine is about to sleep, since nobody was told for half a day."""
    tick(clock)
    clock.move(12.1 * 3600)
    Activity.objects.update(ports_heard_at=clock.now, load_heard_at=clock.now)
    [step] = enforce.plan(enforce.load_outlooks(clock.now), clock.now)
    Notice.objects.filter(channel="mail").update(state="delivered", delivered_at=(at := clock.now))
    assert (step.stage.name, enforce._done(step, clock.now)) == ("sleep", False)
    assert Question.objects.get().ends_at == at + minutes(15)


def test_a_sweep_begins_the_countdown_of_a_mail_that_arrived(clock: "Clock", machine: Machine) -> None:
    tick(clock)
    Notice.objects.filter(channel="mail").update(state="delivered", delivered_at=(at := clock.now))
    tick(clock)
    assert Question.objects.get().ends_at == at + minutes(15)


def test_done_twice_is_done_once(about_to_sleep: list[Step], clock: "Clock") -> None:
    done(about_to_sleep, clock)
    assert done(about_to_sleep, clock) == ([False], "suspended")


# ---- what it costs ----


def test_to_decide_costs_the_same_queries_for_any_number(clock: "Clock", student: User) -> None:
    counts = []
    for total in (1, 4):
        for number in range(total):
            row(student, clock.now, name=f"a{total}-{number}")
            row(student, clock.now, name=f"b{total}-{number}", state="shelved")
        with CaptureQueriesContext(connection) as queries:
            enforce.plan(enforce.load_outlooks(clock.now), clock.now)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 9
