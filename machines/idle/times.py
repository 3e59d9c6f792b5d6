"""Times of day as people say and type them, in the zone of whoever reads them: the recipient of a mail (accounts.notices), the person
who has signed in (portal.middleware.time_zone), else the site's. It is not named beside them: their reader lives in it.

Clocks are put forward and back: a time of day may come twice in a night, or never. What is computed with is UTC, for Python's sums
within one zone are sums of what its clocks show.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from datetime import timezone as fixed
from functools import lru_cache

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

_CLOCK = re.compile(r"([01]?\d|2[0-3])[:.h]([0-5]\d)")
DAY = timedelta(days=1)


def zone() -> str:
    """Return the name of the reader's time zone."""
    return timezone.get_current_timezone_name()


def clock(at: datetime) -> str:
    """Write a time as 14:05; with its distance from UTC where the clocks show it twice: 02:30 UTC+1."""
    return f"{_local(at):%H:%M}{_which(at)}"


def moment(at: datetime, now: datetime) -> str:
    """Return the time, with its day where that is not today: 14:05, 14:05 on 27 Nov 2026. Fits behind “at” and “until”."""
    if is_today(at, now):
        return clock(at)
    return _("%(clock)s on %(day)s") % {"clock": clock(at), "day": day(_local(at).date())}


def with_day(at: datetime) -> str:
    """Return the time with its day, also where that is today: 27 Nov 2026, 14:05."""
    return f"{day(_local(at).date())}, {clock(at)}"


def day(on: date) -> str:
    """Write a day in the reader's language."""
    return _day(on, get_language())


@lru_cache(maxsize=1024)
def _day(on: date, language: str | None) -> str:
    """Write it once in each language: a list of machines names the same few days dozens of times."""
    return date_format(on, "DATE_FORMAT")


def written(at: datetime, form: str) -> str:
    """Write a time in one of Django's formats; with its distance from UTC where the clocks show it twice."""
    return date_format(_local(at), form) + _which(at)


def next_at(text: str, now: datetime) -> datetime | None:
    """Return the next time, in UTC, that a clock of this zone shows hh:mm; None where `text` is no time of day.

    On a day on which the clocks jump over it: the moment of the jump, for then it has passed.
    """
    found = _CLOCK.fullmatch(text.strip())
    if not found:
        return None
    typed, today = time(int(found[1]), int(found[2])), _local(now).date()
    moments = (moment for days in range(4) for moment in _moments(today + days * DAY, typed))
    return next((moment for moment in moments if moment > now), None)


def _moments(day: date, typed: time) -> list[datetime]:
    """Return when clocks show that time on that day, in UTC: once, twice, or the moment at which they jump over it."""
    both = [_utc(day, typed, fold) for fold in (0, 1)]
    if _shows(both[0], day, typed):
        return sorted(set(both))
    return [_jump(both[1], both[0])]


def _utc(day: date, typed: time, fold: int) -> datetime:
    return datetime.combine(day, typed, timezone.get_current_timezone()).replace(fold=fold).astimezone(UTC)


def _shows(at: datetime, day: date, typed: time) -> bool:
    local = _local(at)
    return (local.date(), local.time().replace(fold=0)) == (day, typed)


def _jump(before: datetime, after: datetime) -> datetime:
    """Return the first second at which the clocks are put forward, between these two."""
    offset = _local(before).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        before, after = (middle, after) if _local(middle).utcoffset() == offset else (before, middle)
    return after


def _which(at: datetime) -> str:
    """Say which of both times it is, where the clocks show it twice, with a blank before; else ''."""
    local = _local(at)
    comes_twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f" {_offset(local)}" if comes_twice else ""


def _offset(local: datetime) -> str:
    """Write the distance from UTC: UTC+1, UTC-3:30."""
    name = fixed(local.utcoffset() or timedelta(0)).tzname(None)
    sign, hours, minutes = name[3:4], name[4:6].lstrip("0") or "0", name[7:9]
    return f"UTC{sign}{hours}" + (f":{minutes}" if minutes.strip("0") else "") if sign else "UTC"


def is_today(at: datetime, now: datetime) -> bool:
    """Return whether a moment lies on the day that it is now."""
    return _local(at).date() == _local(now).date()


def _local(at: datetime) -> datetime:
    """Convert to what the clocks of the reader's zone show."""
    return at.astimezone(UTC).astimezone(timezone.get_current_timezone())
