"""Reports of live processes on their open terminals: how often they are written, and what they close."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from machines.idle import enforce, signals
from machines.idle.terminals import MOST, Reporter, hear, unheard
from machines.models import Activity, Machine, Question
from tests.machines.idle.quiet import row, told
from tests.machines.test_poisoned_rows import other_rules
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.machines.world import Clock


@pytest.fixture
def machine(clock: "Clock", student: User) -> Machine:
    return row(student, clock.now)


@pytest.fixture
def live(clock: "Clock") -> Reporter:
    """A live process that has run for an hour."""
    return Reporter("here", clock.now - timedelta(hours=1))


def known(machine: Machine) -> tuple[int, datetime | None, datetime | None]:
    """Return its open terminals, when they were reported, and when they were used."""
    activity = Activity.objects.get(machine=machine)
    return activity.console_open, activity.console_heard_at, activity.console_at


def later(clock: "Clock", seconds: float) -> datetime:
    clock.move(seconds)
    return clock.now


def test_an_open_terminal_is_heard_and_is_no_use(clock: "Clock", machine: Machine, live: Reporter) -> None:
    hear(live, {machine.pk: 2}, {}, clock.now)
    assert known(machine) == (2, clock.now, None)


def test_bytes_are_use_at_the_time_at_which_they_passed(clock: "Clock", machine: Machine, live: Reporter) -> None:
    at = clock.now - timedelta(seconds=7)
    hear(live, {machine.pk: 1}, {machine.pk: at}, clock.now)
    assert known(machine) == (1, clock.now, at)


def test_a_clock_that_is_fast_writes_nothing_of_the_future(clock: "Clock", machine: Machine, live: Reporter) -> None:
    hear(live, {machine.pk: 1}, {machine.pk: clock.now + timedelta(hours=3)}, clock.now)
    assert known(machine)[2] == clock.now


def test_use_is_written_once_in_30_seconds_and_the_last_is_not_lost(
    clock: "Clock", machine: Machine, live: Reporter
) -> None:
    written = set()
    for _second in range(0, 100, 10):
        now = later(clock, 10)
        hear(live, {machine.pk: 1}, {machine.pk: now}, now)
        written.add(known(machine)[1])
    last = clock.now
    now = later(clock, 30)
    hear(live, {machine.pk: 1}, {machine.pk: last}, now)
    assert (len(written), known(machine)[2]) == (4, last)


def test_use_after_a_quiet_time_is_written_at_once(clock: "Clock", machine: Machine, live: Reporter) -> None:
    hear(live, {machine.pk: 1}, {machine.pk: clock.now}, clock.now)
    hear(live, {machine.pk: 1}, {}, later(clock, 40))
    used = later(clock, 4)
    hear(live, {machine.pk: 1}, {machine.pk: used}, later(clock, 1))
    assert known(machine) == (1, clock.now, used)


def test_who_types_just_before_the_deadline_keeps_the_machine_awake(
    clock: "Clock", student: User, live: Reporter
) -> None:
    machine = row(student, clock.now)
    enforce.tick(clock.now)
    ends = told(machine, clock.now).ends_at
    assert ends is not None
    clock.move((ends - clock.now).total_seconds() - 20)
    Activity.objects.update(ports_heard_at=clock.now, load_heard_at=clock.now)
    hear(live, {machine.pk: 1}, {}, clock.now)
    used = later(clock, 19)
    hear(live, {machine.pk: 1}, {machine.pk: used}, used)
    enforce.tick(later(clock, 2))
    machine.refresh_from_db()
    assert machine.wanted == "running"


def test_the_last_terminal_that_closes_is_written_at_once(clock: "Clock", machine: Machine, live: Reporter) -> None:
    hear(live, {machine.pk: 1}, {}, clock.now)
    hear(live, {}, {}, later(clock, 10))
    assert known(machine) == (0, clock.now, None)


def test_use_between_two_reports_counts_though_the_terminal_is_closed(
    clock: "Clock", machine: Machine, live: Reporter
) -> None:
    hear(live, {machine.pk: 1}, {}, clock.now)
    hear(live, {}, {}, later(clock, 10))
    used = later(clock, 4)
    hear(live, {}, {machine.pk: used}, later(clock, 6))
    assert known(machine) == (0, clock.now, used)


def test_older_use_takes_nothing_back(clock: "Clock", machine: Machine, live: Reporter) -> None:
    hear(live, {machine.pk: 1}, {machine.pk: clock.now}, clock.now)
    used = clock.now
    hear(Reporter("there", live.since), {machine.pk: 1}, {machine.pk: used - timedelta(minutes=5)}, later(clock, 60))
    assert known(machine)[2] == used


# ---- other processes ----


def test_terminals_of_another_live_process_stay(clock: "Clock", machine: Machine, live: Reporter) -> None:
    hear(Reporter("there", live.since), {machine.pk: 1}, {}, clock.now)
    hear(live, {}, {}, later(clock, 80))
    assert known(machine)[0] == 1


def test_those_of_a_process_that_is_heard_no_more_have_ended_with_it(
    clock: "Clock", machine: Machine, live: Reporter
) -> None:
    hear(Reporter("there", live.since), {machine.pk: 1}, {}, clock.now)
    hear(live, {}, {}, later(clock, 90))
    assert known(machine)[:2] == (0, clock.now)


def test_a_new_process_gives_pages_a_minute_to_come_back(clock: "Clock", machine: Machine, live: Reporter) -> None:
    hear(live, {machine.pk: 1}, {}, clock.now)
    new = Reporter.begin(later(clock, 3600))
    hear(new, {}, {}, later(clock, 50))
    before = known(machine)[0]
    hear(new, {}, {}, later(clock, 10))
    assert (before, known(machine)[0]) == (1, 0)


def test_two_processes_have_names_of_their_own(clock: "Clock") -> None:
    assert Reporter.begin(clock.now).name != Reporter.begin(clock.now).name


def test_those_that_are_heard_no_more_are_counted_for_administrators(
    clock: "Clock", machine: Machine, live: Reporter
) -> None:
    hear(live, {machine.pk: 1}, {}, clock.now)
    assert unheard(later(clock, 90)).count() == 0
    assert [row.machine for row in unheard(later(clock, 1))] == [machine]


# ---- rows ----


def test_a_machine_that_starts_again_has_no_terminals(clock: "Clock", machine: Machine, live: Reporter) -> None:
    hear(live, {machine.pk: 1}, {}, clock.now)
    Machine.objects.update(state_since=later(clock, 600))
    signals.gather(clock.now)
    assert known(machine)[:2] == (0, None)


def test_a_machine_that_is_no_more_disturbs_no_other(clock: "Clock", machine: Machine, live: Reporter) -> None:
    hear(live, {uuid4(): 1, machine.pk: 1}, {uuid4(): clock.now}, clock.now)
    assert known(machine)[0] == 1


@pytest.mark.parametrize(("said", "counted"), [(-1, 0), (10**12, MOST)])
def test_a_count_that_cannot_be_is_bounded(
    clock: "Clock", machine: Machine, live: Reporter, said: int, counted: int
) -> None:
    hear(live, {machine.pk: 1}, {}, clock.now)
    hear(live, {machine.pk: said}, {}, later(clock, 10))
    assert known(machine)[0] == counted


def test_a_report_costs_the_same_queries_for_any_number(clock: "Clock", student: User, live: Reporter) -> None:
    counts = []
    for total in (0, 1, 7):
        rows = [row(student, clock.now, name=f"m{total}-{number}").pk for number in range(total)]
        with CaptureQueriesContext(connection) as queries:
            hear(live, dict.fromkeys(rows, 1), dict.fromkeys(rows, clock.now), later(clock, 60))
        counts.append(len(queries) - 2)  # the savepoint
    assert counts == [1, 2, 2]


@contextmanager
def locked(pk: UUID) -> Iterator[None]:
    """Hold the row of a machine in another transaction, as a sweep that writes many of them."""
    held, done = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            Activity.objects.select_for_update().get(pk=pk)
            held.set()
            done.wait(PATIENCE)
        connection.close()

    thread = Thread(target=hold)
    thread.start()
    held.wait(PATIENCE)
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_holds_is_left_for_the_next_report(clock: "Clock", student: User, live: Reporter) -> None:
    first, second = row(student, clock.now), row(student, clock.now, name="second")
    both = {first.pk: 1, second.pk: 1}
    with locked(first.pk):
        hear(live, both, {}, clock.now)
        assert (known(first)[0], known(second)[0]) == (0, 1)
    hear(live, both, {}, later(clock, 10))
    assert known(first)[0] == 1


def test_the_sweep_goes_on_beside_one_that_is_unknown_and_one_that_is_poisoned(clock: "Clock", student: User) -> None:
    other_rules(row(student, clock.now))
    unheard = {"console_open": 1, "console_heard_at": clock.now - timedelta(seconds=91)}
    row(student, clock.now, name="unknown", **unheard)
    quiet = row(student, clock.now, name="quiet")
    enforce.tick(clock.now)
    assert list(Question.objects.values_list("machine", flat=True)) == [quiet.pk]
