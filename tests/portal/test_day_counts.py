"""Counts by day: launches from history, the rest as it was seen; said twice or by two workers at once they stay the same."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from machines.models import CloudWatch, Event, Machine
from portal.dashboard.day_counts import DAYS, count_days, noon_of
from portal.models import DayCount
from tests.factories import make_machine
from tests.waiting import PATIENCE

NOW = datetime(2026, 11, 26, 15, tzinfo=UTC)
TODAY = date(2026, 11, 26)
DAY = timedelta(days=1)


def launched(owner: User, at: datetime, *, state: str = "running", **facts: Any) -> Machine:
    name = f"m{Machine.objects.count()}"
    ready = {"first_ready_at": at, "ready_at": at} if state == "running" else {"first_ready_at": None, "ready_at": None}
    machine = make_machine(owner, state=state, name=name)
    Machine.objects.filter(pk=machine.pk).update(created_at=at, **{"build_started_at": at, **ready, **facts})
    return machine


def launches() -> dict[date, int]:
    return {row.day: row.launches for row in DayCount.objects.all() if row.launches}


def today() -> DayCount:
    return DayCount.objects.get(day=TODAY)


def test_launches_are_counted_by_the_day_of_the_sites_zone(student: User, settings: Any) -> None:
    settings.TIME_ZONE = "America/Guayaquil"  # UTC-5
    launched(student, datetime(2026, 11, 26, 4, 59, tzinfo=UTC))
    launched(student, datetime(2026, 11, 26, 5, 0, tzinfo=UTC))
    count_days(NOW)
    assert launches() == {TODAY - DAY: 1, TODAY: 1}


def test_a_day_of_25_hours_is_one_day(student: User, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Madrid"
    for at in (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), datetime(2026, 10, 25, 22, 59, tzinfo=UTC)):
        launched(student, at)
    launched(student, datetime(2026, 10, 25, 23, 0, tzinfo=UTC))
    count_days(NOW)
    assert launches() == {date(2026, 10, 25): 2, date(2026, 10, 26): 1}


def test_days_on_which_no_worker_ran_are_caught_up(student: User) -> None:
    launched(student, NOW - 40 * DAY)
    launched(student, NOW - 3 * DAY)
    count_days(NOW - 10 * DAY)
    count_days(NOW)
    assert launches() == {TODAY - 40 * DAY: 1, TODAY - 3 * DAY: 1}
    assert DayCount.objects.count() == DAYS + 10


def test_a_day_that_was_counted_before_its_end_is_counted_anew(student: User) -> None:
    count_days(NOW - DAY)
    launched(student, NOW - DAY + timedelta(hours=2))
    count_days(NOW)
    assert launches() == {TODAY - DAY: 1}


def test_what_failed_before_it_ever_ran_is_told_apart(student: User) -> None:
    launched(student, NOW)
    for machine in (launched(student, NOW, state="failed"), launched(student, NOW)):
        Event.objects.create(machine=machine, kind="moved", from_state="building", to_state="failed")
    count_days(NOW)
    assert (today().launches, today().launches_failed) == (3, 1)


def test_what_was_adopted_is_no_launch(student: User) -> None:
    launched(student, NOW, build_started_at=None)
    count_days(NOW)
    assert launches() == {}


def test_said_twice_it_is_the_same(student: User) -> None:
    launched(student, NOW)
    count_days(NOW)
    before = list(DayCount.objects.order_by("day").values())
    count_days(NOW)
    assert list(DayCount.objects.order_by("day").values()) == before


def test_an_older_count_does_not_replace_a_later_one(student: User) -> None:
    launched(student, NOW)
    count_days(NOW)
    Machine.objects.update(created_at=NOW - 200 * DAY)
    count_days(NOW - timedelta(seconds=1))
    assert launches() == {TODAY: 1}


def test_states_are_those_at_noon(student: User) -> None:
    machine, noon = make_machine(student, state="running"), noon_of(TODAY)
    for minutes, state in ((-60, "suspended"), (1, "shelved"), (30, "running")):
        Machine.objects.filter(pk=machine.pk).update(state=state)
        count_days(noon + timedelta(minutes=minutes))
    assert today().states == {"shelved": 1}


def test_where_no_worker_ran_at_noon_the_nearest_before_is_kept(student: User) -> None:
    make_machine(student, state="running")
    count_days(noon_of(TODAY) - timedelta(hours=3))
    assert today().states == {"running": 1}


def test_of_room_the_most_of_the_day_stays(db: None) -> None:
    for hour, used in ((8, 3), (9, 6), (10, 2)):
        at = NOW.replace(hour=hour)
        room = {"vcpus": 8, "vcpus_used": used, "ram_mb": 8192, "ram_mb_used": 1024 * used}
        CloudWatch.objects.update_or_create(pk=1, defaults={"room": room, "whole_at": at})
        count_days(at)
    assert (today().vcpus_used, today().vcpus, today().ram_mb_used) == (6, 8, 6144)


def test_room_that_is_old_is_not_todays(db: None) -> None:
    room = {"vcpus": 8, "vcpus_used": 3, "ram_mb": 8192, "ram_mb_used": 1024}
    CloudWatch.objects.create(pk=1, room=room, whole_at=NOW - timedelta(hours=2))
    count_days(NOW)
    assert today().vcpus is None


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_write_one_day() -> None:
    owner = User.objects.create(username="ana", roles=["student"])
    launched(owner, NOW)
    both = Barrier(2)

    def work(second: int) -> None:
        try:
            both.wait(PATIENCE)
            count_days(NOW + timedelta(seconds=second))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    assert launches() == {TODAY: 1}
    assert DayCount.objects.count() == DAYS
    assert today().counted_at == NOW + timedelta(seconds=1)
