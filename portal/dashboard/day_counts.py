"""Counts by day, for the dashboard's charts: launches from history, so days on which no worker ran are caught up; the rest as it is seen.

A day is one of the site's time zone (TIME_ZONE), 23 or 25 hours long where clocks are changed. Every statement may run twice, and in two
workers at once: launches are counted again, and the later count stays; of room the day's maximum stays; states are those at noon.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from machines.models import CloudWatch, Event, Machine
from machines.states import State
from portal.models import DayCount, RequestTotal

DAYS = 90  # as many as the longest chart shows
ROOM_IS_OLD = timedelta(hours=1)  # a cloud that was silent for so long has told nothing of this day
KEPT = timedelta(days=800)
_UNREADY = (State.NEW, State.QUEUED, State.BUILDING)
_ADD = """
INSERT INTO portal_daycount AS d (day, launches, launches_failed, counted_at, states) VALUES (%s, %s, %s, %s, '{}')
ON CONFLICT (day) DO UPDATE SET launches = excluded.launches, launches_failed = excluded.launches_failed, counted_at = excluded.counted_at
WHERE d.counted_at <= excluded.counted_at
"""
# GREATEST passes NULL by.
_ROOM = """
UPDATE portal_daycount SET vcpus = GREATEST(vcpus, %(vcpus)s), vcpus_used = GREATEST(vcpus_used, %(vcpus_used)s),
ram_mb = GREATEST(ram_mb, %(ram_mb)s), ram_mb_used = GREATEST(ram_mb_used, %(ram_mb_used)s) WHERE day = %(day)s
"""


def count_days(now: datetime) -> None:
    """Count the launches of each day that is not yet counted to its end, and add what is seen now to today's row."""
    today = day_of(now)
    first = _first_uncounted(today)
    launches = _launches(first)
    with transaction.atomic():
        with connection.cursor() as cursor:
            days = [first + timedelta(days=n) for n in range((today - first).days + 1)]
            cursor.executemany(_ADD, [(day, *launches.get(day, (0, 0)), now) for day in days])
        _see(today, now)
    DayCount.objects.filter(day__lt=today - KEPT).delete()


def day_of(at: datetime) -> date:
    """Return the day of a time, in the site's zone."""
    return timezone.localdate(at, timezone.get_default_timezone())


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.get_default_timezone())


def noon_of(day: date) -> datetime:
    return datetime.combine(day, time(12), timezone.get_default_timezone())


def _first_uncounted(today: date) -> date:
    """Return the first of the last DAYS days whose launches were not counted after its end; today's never are."""
    oldest = today - timedelta(days=DAYS - 1)
    counted = dict(DayCount.objects.filter(day__gte=oldest).values_list("day", "counted_at"))
    days = (oldest + timedelta(days=n) for n in range(DAYS))
    return next((day for day in days if day not in counted or counted[day] < start_of(day + timedelta(days=1))), today)


def _launches(first: date) -> Mapping[date, tuple[int, int]]:
    """Count launches, and those of them that failed before the machine ever ran, by the day on which they were asked for."""
    failure = Event.objects.filter(
        machine=OuterRef("pk"), kind=Event.Kind.MOVED, from_state__in=_UNREADY, to_state=State.FAILED
    )
    asked = Machine.objects.filter(~_was_adopted(), created_at__gte=start_of(first))
    by_day = (
        asked.order_by().annotate(day=TruncDate("created_at", tzinfo=timezone.get_default_timezone())).values("day")
    )
    has_failed = Exists(failure) & Q(first_ready_at=None)
    rows = by_day.annotate(launches=Count("pk"), failed=Count("pk", filter=has_failed))
    return {row["day"]: (row["launches"], row["failed"]) for row in rows}


def _was_adopted() -> Q:
    """Select what was never launched here: a server that became a machine, or one that came with a restore."""
    return Q(build_started_at=None, first_ready_at__isnull=False)


def _see(today: date, now: datetime) -> None:
    """Add what is seen now to today's row."""
    row = DayCount.objects.filter(day=today)
    unseen = Q(states_at=None) | Q(states_at__lt=noon_of(today), states_at__lte=now)
    row.filter(unseen).update(states=_states(), states_at=now)
    row.update(requests=total_requests())
    if room := _room(now):
        with connection.cursor() as cursor:
            cursor.execute(_ROOM, {**room, "day": today})


def _states() -> dict[str, int]:
    return dict(Machine.objects.alive().order_by().values_list("state").annotate(Count("pk")))


def _room(now: datetime) -> dict[str, Any]:
    """Return the cluster's room, as the last whole list had it; {} where that is old, or nothing is known."""
    watch = CloudWatch.objects.filter(pk=1, whole_at__gte=now - ROOM_IS_OLD).first()
    names = ("vcpus", "vcpus_used", "ram_mb", "ram_mb_used")
    return {name: watch.room[name] for name in names} if watch and watch.room else {}


def total_requests() -> list[int]:
    """Return how many requests there were, by the buckets of portal.ops.latency, but for the agents' long questions and what failed."""
    counted = RequestTotal.objects.exclude(route__in=("agent-wanted", "static", "none")).exclude(status="5xx")
    rows = list(counted.values_list("counts", flat=True))
    # Rows of a version before may have fewer buckets.
    return [sum(column) for column in zip_longest(*rows, fillvalue=0)]
