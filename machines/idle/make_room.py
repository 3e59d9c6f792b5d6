"""Room on a full cluster: whose machine gives up its place for those who wait, and how long they may have to wait."""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from django.core.cache import cache
from django.db.models import Q

from machines.idle.forecast import Outlook
from machines.idle.stages import ROOM_NOTICE, SHELVE_FOR_ROOM, SUSPEND_FOR_ROOM, Stage, Step
from machines.models import Event, Machine, MachineQuerySet
from machines.states import State, Wanted

PATIENCE = timedelta(seconds=30)  # a place may turn up at once: nobody is put away for a machine that has just queued
LOOK_BACK = timedelta(minutes=30)  # how fast the queue moved
LEAST_LEFT = 3  # with fewer departures from the queue there is no estimate
EVENTS = 5000  # newest events to search for departures: bounded, so that it stays cheap
KEEP_SECONDS = 600
SENT_BACK = 2  # a first refusal may be a launch into a cluster that was not known to be full
_KEY = "idle.queue"

# Machines that give their place back already. A machine that falls asleep is put away next.
_LEAVING = (
    Q(wanted__in=(Wanted.SHELVED, Wanted.ARCHIVED, Wanted.GONE))
    & Q(state__in=(State.RUNNING, State.SUSPENDING, State.SUSPENDED, State.SHELVING, State.DELETING))
) | (Q(wanted=Wanted.SUSPENDED) & Q(state__in=(State.RUNNING, State.SUSPENDING)))


@dataclass(frozen=True, slots=True)
class Queue:
    """Facts for those who wait: when places become free, and how many minutes one place took lately."""

    frees: tuple[datetime, ...] = ()
    pace: float | None = None


def plan(outlooks: Sequence[Outlook], now: datetime) -> list[Step]:
    """Choose one machine for each that has waited for a while, less those whose place is being freed already. Two queries."""
    waiting = _waiting().filter(queued_at__lt=now - PATIENCE).count()
    if not waiting:
        return []
    missing = max(0, waiting - Machine.objects.not_held().filter(_LEAVING).count())
    asleep = _steps(SHELVE_FOR_ROOM, outlooks, now)
    return [*asleep, *_steps(SUSPEND_FOR_ROOM, outlooks, now)][:missing]


def _steps(stage: Stage, outlooks: Sequence[Outlook], now: datetime) -> list[Step]:
    """Return the steps of machines that may be asked to make room, the longest due first."""
    found = [
        Step(stage, outlook, due) for outlook in outlooks if (due := stage.due(outlook)) is not None and due <= now
    ]
    return sorted(found, key=lambda step: step.due_at)


def estimates(machines: Collection[Machine], now: datetime) -> dict[UUID, int]:
    """Return minutes until their turn for machines that wait for room. Two queries, none where nobody waits.

    A machine that the cloud sent back although its book-keeping had room gets no estimate: no place that becomes free helps it.
    """
    waiting = [machine for machine in machines if machine.state == State.QUEUED and machine.full_tries < SENT_BACK]
    if not waiting:
        return {}
    queue = cache.get(_KEY) or Queue()
    others = sorted(at for at in _waiting().values_list("queued_at", flat=True) if at)
    places = {machine.pk: bisect_left(others, machine.place_in_time) + 1 for machine in waiting}
    return {pk: minutes for pk, place in places.items() if (minutes := _minutes(queue, place, now)) is not None}


def keep_estimates(outlooks: Sequence[Outlook], now: datetime) -> None:
    """Store for pages what they show those who wait; nothing where nobody waits."""
    if _waiting().exists():
        cache.set(_KEY, Queue(tuple(_frees(outlooks, now)), _pace(now)), KEEP_SECONDS)


def _waiting() -> MachineQuerySet:
    return Machine.objects.not_held().filter(state=State.QUEUED, wanted=Wanted.RUNNING)


def _minutes(queue: Queue, place: int, now: datetime) -> int | None:
    guesses = []
    if len(queue.frees) >= place:
        guesses.append((queue.frees[place - 1] - now).total_seconds() / 60 + 1)
    if queue.pace is not None:
        guesses.append(queue.pace * place)
    return max(1, ceil(min(guesses))) if guesses else None


def _frees(outlooks: Sequence[Outlook], now: datetime) -> list[datetime]:
    """Return when places become free, the soonest first: a sleeper's at once, a quiet machine's once its owner was asked."""
    return sorted(at for outlook in outlooks if (at := _free_at(outlook, now)) is not None)[:100]


def _free_at(outlook: Outlook, now: datetime) -> datetime | None:
    if SHELVE_FOR_ROOM.due(outlook) is not None:
        return now
    if outlook.sleeps_at is None or outlook.at_work or outlook.unknown or outlook.held_until:
        return None
    delivered_at = outlook.facts.delivered_at if outlook.question else outlook.asked_at
    return max(now, min(outlook.sleeps_at, delivered_at + ROOM_NOTICE)) if delivered_at else outlook.sleeps_at


def _pace(now: datetime) -> float | None:
    newest = Event.objects.order_by("-pk").values_list("pk", flat=True)[:EVENTS]
    oldest = list(newest)[-1:] or [0]
    left = Event.objects.filter(
        pk__gte=oldest[0], at__gt=now - LOOK_BACK, from_state=State.QUEUED, to_state__in=(State.BUILDING, State.WAKING)
    ).count()
    return LOOK_BACK / timedelta(minutes=1) / left if left >= LEAST_LEFT else None
