"""Pauses of launches by announcements: how long they last together, and who asked for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from accounts.announcements.models import Announcement, AnnouncementQuerySet


@dataclass(frozen=True, slots=True)
class Pause:
    """The current pause. `announcement`: of those that run, the one that ends last. `until`: when people may launch again."""

    announcement: Announcement
    until: datetime


def current_pause(now: datetime) -> Pause | None:
    """Return the current pause; None while people may launch. One query."""
    rows = list(_to_end_after(now).select_related("made_by"))
    running = [row for row in rows if row.is_running(now)]
    if not running:
        return None
    last = max(running, key=lambda row: row.ends_at)
    return Pause(last, end_of_chain(last.ends_at, [(row.starts_at, row.ends_at) for row in rows]))


def end_of_pause(until: datetime) -> datetime:
    """Return when people may launch again, for a pause that lasts at least until `until`: others may follow it. One query."""
    return end_of_chain(until, _to_end_after(until).values_list("starts_at", "ends_at"))


def end_of_chain(until: datetime, spans: Iterable[tuple[datetime, datetime]]) -> datetime:
    """Return the end of the chain of spans that begins with one until `until`: each next one begins before that end."""
    for starts_at, ends_at in sorted(spans):
        if starts_at > until:
            break
        until = max(until, ends_at)
    return until


def _to_end_after(at: datetime) -> AnnouncementQuerySet:
    return Announcement.objects.filter(pauses_launches=True, ends_at__gt=at)
