"""Times as intervals: what several cover together, and what of it lies within others. Pure: no rows, no clock.

An interval is (began, ended), its end not before its beginning.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

Interval = tuple[datetime, datetime]


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Return what they cover, in order, without overlaps."""
    found: list[Interval] = []
    for began, ended in sorted(intervals):
        if found and began <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ended))
        else:
            found.append((began, ended))
    return found


def within(intervals: Iterable[Interval], bounds: Iterable[Interval]) -> list[Interval]:
    """Return what of the first lies in the second, in order, without overlaps."""
    outer = union(bounds)
    return union(
        (max(began, low), min(ended, high))
        for began, ended in union(intervals)
        for low, high in outer
        if max(began, low) < min(ended, high)
    )


def without(intervals: Iterable[Interval], holes: Iterable[Interval]) -> list[Interval]:
    """Return what of the first lies outside of the second."""
    left = union(intervals)
    for low, high in union(holes):
        cut = [piece for began, ended in left for piece in ((began, min(ended, low)), (max(began, high), ended))]
        left = [(began, ended) for began, ended in cut if began < ended]
    return left


def seconds(intervals: Iterable[Interval]) -> int:
    """Return how long they are together; what overlaps counts once."""
    return round(sum((ended - began for began, ended in union(intervals)), timedelta()).total_seconds())


# ---- months ----


def month_of(at: datetime, zone: tzinfo) -> date:
    """Return the first day of the month of a time, in a zone."""
    return at.astimezone(zone).date().replace(day=1)


def next_month(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def bounds_of(month: date, zone: tzinfo) -> Interval:
    """Return when a month begins and ends in a zone, in UTC: two times of one zone are subtracted as if clocks were never changed."""
    began, ended = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (month, next_month(month)))
    return began, ended


def months_of(interval: Interval, zone: tzinfo) -> list[date]:
    """Return the months that an interval touches."""
    month, last = month_of(interval[0], zone), month_of(interval[1], zone)
    found = [month]
    while month < last:
        month = next_month(month)
        found.append(month)
    return found
