"""Deeds that come to machines in the next days if nobody uses them: the one answer for `manage.py idle --dry-run` and for administrators' pages.

Made of the same outlooks as the sweep acts by. Of a machine only what can come within some days: an owner is warned for a week before an
archive and before an end, so neither follows so soon upon anything else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from machines.idle.forecast import Outlook
from machines.models import Machine
from machines.states import State, Wanted

SPAN = timedelta(days=7)


class Deed(StrEnum):
    """A thing that is done to a machine that nobody uses, the harmless first."""

    SLEEP = "sleep"
    PUT_AWAY = "put_away"
    ARCHIVE = "archive"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class ComingDeed:
    """A deed that comes to a machine, and when."""

    deed: Deed
    machine: Machine
    at: datetime


def coming_deeds(outlooks: Iterable[Outlook], now: datetime, span: timedelta = SPAN) -> list[ComingDeed]:
    """Return all that comes within `span` if nobody uses these machines, the soonest first. What is due already comes now."""
    found = [
        ComingDeed(deed, outlook.facts.machine, max(at, now))
        for outlook in outlooks
        for deed, at in _of(outlook)
        if at is not None and at <= now + span
    ]
    return sorted(found, key=lambda each: (each.at, str(each.machine.pk)))


def _of(outlook: Outlook) -> list[tuple[Deed, datetime | None]]:
    """Return what comes next to a machine, and when. Nothing while it is unknown whether it works: then it is left alone."""
    machine = outlook.facts.machine
    if machine.binned_at is not None:
        return [(Deed.DELETE, outlook.deletes_at)]
    if (machine.state, machine.wanted) == (State.RUNNING, Wanted.RUNNING):
        return [] if outlook.unknown else [(Deed.SLEEP, outlook.sleeps_at), (Deed.PUT_AWAY, outlook.shelves_at)]
    if machine.state == State.SUSPENDED:
        return [(Deed.PUT_AWAY, outlook.shelves_at), (Deed.ARCHIVE, outlook.archives_at)]
    if machine.state == State.SHELVED:
        return [(Deed.ARCHIVE, outlook.archives_at)]
    return [(Deed.DELETE, outlook.deletes_at)] if machine.state == State.ARCHIVED else []
