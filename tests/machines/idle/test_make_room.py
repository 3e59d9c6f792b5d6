"""Room on a full cluster: whose machine makes place, and what those who wait are told."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.models import User
from catalog.models import Flavor
from courses.models import Course, Lesson, Template
from machines.idle import enforce, make_room
from machines.models import Activity, CloudWatch, Event, Machine
from machines.offers import offers
from tests.factories import make_machine
from tests.machines.idle.quiet import minutes, row, told

if TYPE_CHECKING:
    from tests.machines.world import Clock

FULL = {"vcpus": 8, "vcpus_used": 8, "ram_mb": 4096, "ram_mb_used": 4096, "disk_gb": 50, "disk_gb_used": 50,
        "biggest_host": {"vcpus": 4, "ram_mb": 2048, "disk_gb": 25}}  # fmt: skip


@pytest.fixture
def waiting(clock: "Clock", student2: User) -> Machine:
    """Create a machine that has been in the queue for a minute."""
    return make_machine(student2, state="queued", name="waits", queued_at=clock.now - minutes(1))


def asleep(owner: User, clock: "Clock", name: str, hours: float) -> Machine:
    machine = row(owner, clock.now, state="suspended", name=name)
    Machine.objects.filter(pk=machine.pk).update(state_since=clock.now - timedelta(hours=hours))
    return machine


def tick(clock: "Clock") -> list[tuple[str, str]]:
    Activity.objects.update(ports_heard_at=clock.now, load_heard_at=clock.now)
    return [(step.stage.name, step.outlook.facts.machine.name) for step in enforce.tick(clock.now)]


def test_the_one_asleep_longest_is_put_away_first(clock: "Clock", student: User, waiting: Machine) -> None:
    asleep(student, clock, "short", 1)
    asleep(student, clock, "long", 3)
    assert tick(clock) == [("make room", "long")]


def test_while_that_one_is_on_its_way_nobody_else_goes(clock: "Clock", student: User, waiting: Machine) -> None:
    asleep(student, clock, "short", 1)
    asleep(student, clock, "long", 3)
    assert (len(tick(clock)), tick(clock)) == (1, [])


def test_for_two_who_wait_two_are_put_away(clock: "Clock", student: User, student2: User, waiting: Machine) -> None:
    make_machine(student2, state="queued", name="waits too", queued_at=clock.now - minutes(1))
    for number in range(3):
        asleep(student, clock, f"m{number}", 1 + number)
    assert tick(clock) == [("make room", "m2"), ("make room", "m1")]


def test_nobody_is_put_away_for_one_that_waits_a_moment(clock: "Clock", student: User, waiting: Machine) -> None:
    Machine.objects.filter(pk=waiting.pk).update(queued_at=clock.now - timedelta(seconds=20))
    asleep(student, clock, "long", 3)
    assert tick(clock) == []


def test_nobody_is_put_away_while_nobody_waits(clock: "Clock", student: User) -> None:
    asleep(student, clock, "long", 3)
    assert tick(clock) == []


def test_the_history_says_for_whom_it_was(clock: "Clock", student: User, waiting: Machine) -> None:
    machine = asleep(student, clock, "long", 3)
    tick(clock)
    assert "somebody waits for room" in str(Event.objects.filter(machine=machine, kind="wished")[0].note)


def in_class(clock: "Clock") -> None:
    course = Course.objects.create(slug="c", name="C")
    Template.objects.update(course=course)
    Lesson.objects.create(course=course, starts_at=clock.now - minutes(5), ends_at=clock.now + minutes(60))


def test_a_class_in_session_is_protected(clock: "Clock", student: User, waiting: Machine) -> None:
    asleep(student, clock, "long", 3)
    in_class(clock)
    assert tick(clock) == []


@pytest.fixture
def asked(clock: "Clock", student: User) -> Machine:
    """Running, quiet, asked and told six minutes ago."""
    machine = row(student, clock.now, name="asked")
    tick(clock)
    told(machine, clock.now)
    clock.move(6 * 60)
    return machine


def test_where_nobody_sleeps_the_one_asked_longest_ago_does(clock: "Clock", asked: Machine, waiting: Machine) -> None:
    assert tick(clock) == [("make room by sleep", "asked")]
    assert Machine.objects.get(pk=asked.pk).wanted == "suspended"


def test_one_that_sleeps_goes_before_one_that_was_asked(
    clock: "Clock", student: User, asked: Machine, waiting: Machine
) -> None:
    asleep(student, clock, "long", 3)
    assert tick(clock) == [("make room", "long")]


def test_who_was_told_less_than_five_minutes_ago_keeps_their_time(
    clock: "Clock", asked: Machine, waiting: Machine
) -> None:
    told(asked, clock.now - minutes(4))
    assert tick(clock) == []


def test_who_could_not_be_told_is_left_alone(clock: "Clock", student: User, waiting: Machine) -> None:
    row(student, clock.now, name="asked")
    tick(clock)
    clock.move(6 * 60)
    assert tick(clock) == []


def test_who_is_in_use_again_is_left_alone(clock: "Clock", asked: Machine, waiting: Machine) -> None:
    Activity.objects.update(cpu_at=clock.now)
    assert tick(clock) == [("came back", "asked")]


def test_who_was_asked_in_a_class_in_session_is_left_alone(clock: "Clock", asked: Machine, waiting: Machine) -> None:
    in_class(clock)
    assert tick(clock) == [("came back", "asked")]


def test_who_comes_back_in_the_last_moment_is_left_alone(clock: "Clock", asked: Machine, waiting: Machine) -> None:
    Activity.objects.update(ports_heard_at=clock.now, load_heard_at=clock.now)
    [step] = enforce.plan(enforce.load_outlooks(clock.now), clock.now)
    Activity.objects.update(ports_at=clock.now)
    assert (enforce._done(step, clock.now), Machine.objects.get(pk=asked.pk).wanted) == (False, "running")


# ---- what those who wait are told ----


def test_who_came_first_is_next(clock: "Clock", student2: User, waiting: Machine) -> None:
    second = make_machine(student2, state="queued", name="second", queued_at=clock.now)
    assert [Machine.objects.waiting_before(machine).count() for machine in (waiting, second)] == [0, 1]


def test_nobody_can_say_how_long_it_takes(clock: "Clock", waiting: Machine) -> None:
    tick(clock)
    assert make_room.estimates([waiting], clock.now) == {}


def test_a_sleeper_gives_its_place_within_a_minute_or_so(clock: "Clock", student: User, waiting: Machine) -> None:
    asleep(student, clock, "long", 3)
    tick(clock)
    assert make_room.estimates([waiting], clock.now) == {waiting.pk: 1}


def test_the_estimate_knows_when_a_quiet_machine_will_sleep(clock: "Clock", student: User, waiting: Machine) -> None:
    row(student, clock.now, ports_at=clock.now - minutes(35))
    tick(clock)
    # Asked in 10 minutes, 5 to answer, one to be put away.
    assert make_room.estimates([waiting], clock.now)[waiting.pk] in (16, 17)


def test_a_machine_at_work_promises_nobody_a_place(clock: "Clock", student: User, waiting: Machine) -> None:
    row(student, clock.now, cpu_at=clock.now)
    tick(clock)
    assert make_room.estimates([waiting], clock.now) == {}


def test_the_estimate_knows_how_fast_the_queue_moved(
    clock: "Clock", student: User, student2: User, waiting: Machine
) -> None:
    machine = make_machine(student, name="was lucky")
    for number in range(3):
        Event.objects.create(
            machine=machine, at=clock.now - minutes(5 * number), kind="moved", from_state="queued", to_state="building"
        )
    second = make_machine(student2, state="queued", name="second", queued_at=clock.now)
    tick(clock)
    assert make_room.estimates([waiting, second], clock.now) == {waiting.pk: 10, second.pk: 20}


def test_who_waits_reads_it_on_their_page(clock: "Clock", client: Client, student: User, waiting: Machine) -> None:
    asleep(student, clock, "long", 3)
    tick(clock)
    client.force_login(waiting.owner)
    assert "Its turn should come in about 1 min" in client.get(f"/machines/{waiting.pk}/").content.decode()


# ---- sizes that fit nowhere ----


def test_a_size_that_fits_nowhere_is_grey_with_the_reason(client: Client, clock: "Clock", student: User) -> None:
    make_machine(student, name="x")  # with its template and room in the quota
    CloudWatch.get_solo()
    CloudWatch.objects.update(room=FULL)
    Flavor.objects.update(ram_mb=4000)
    client.force_login(student)
    page = client.get("/launch/").content.decode()
    assert 'class="card unfit"' in page
    assert "No computer of the cluster is big enough for this size" in page


def test_a_size_that_fits_a_host_that_is_full_now_is_offered_and_waits(clock: "Clock", student: User) -> None:
    make_machine(student, name="x")
    CloudWatch.get_solo()
    CloudWatch.objects.update(room=FULL)
    offer = offers(student)[0]
    assert (offer.why_not, offer.waits) == (None, True)
