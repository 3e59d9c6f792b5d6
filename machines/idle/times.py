"""Times of day as people say and type them, in the zone of the site, which is always named beside them."""

import re
from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.formats import date_format

_CLOCK = re.compile(r"([01]?\d|2[0-3])[:.h]([0-5]\d)")


def zone() -> str:
    return timezone.get_default_timezone_name()


def clock(at: datetime) -> str:
    """14:05 (America/Lima)."""
    return f"{_local(at):%H:%M} ({zone()})"


def moment(at: datetime, now: datetime) -> str:
    """The time, with its day where that is not today."""
    day = _local(at).date()
    return clock(at) if day == _local(now).date() else f"{date_format(day, 'DATE_FORMAT')}, {clock(at)}"


def next_at(text: str, now: datetime) -> datetime | None:
    """The next time that a clock of this site shows hh:mm; None where it is no time of day."""
    found = _CLOCK.fullmatch(text.strip())
    if not found:
        return None
    hour_and_minute, today = time(int(found[1]), int(found[2])), _local(now).date()
    later = _on(today, hour_and_minute)
    return later if later > now else _on(today + timedelta(days=1), hour_and_minute)


def _local(at: datetime) -> datetime:
    return timezone.localtime(at, timezone.get_default_timezone())


def _on(day: date, at: time) -> datetime:
    return datetime.combine(day, at, timezone.get_default_timezone())
