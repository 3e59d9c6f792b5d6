"""Shared endings of steps: going on, waiting, asking again, backing off, queueing, giving up."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from random import uniform
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone
from django.utils.translation import gettext_noop as _

import quotas.backstop
from accounts.models import RowFailure
from cloud.contract import CloudBusy, CloudLimit
from lib.notes import Note
from lib.notes import two_forms as ngettext  # under this name makemessages finds a plural
from lib.states import NOTHING, move, write
from machines.models import CloudWatch, Event, Machine
from machines.states import State, Wanted

log = logging.getLogger(__name__)

LOOK_AGAIN = timedelta(seconds=5)  # a step that waits for the cloud is tried again after this, even without news
NEWS = timedelta(seconds=30)  # likewise, where a list of the cloud says when there is something to do
QUEUE_TURN = timedelta(seconds=3)  # how often the first in the queue asks for room
LONGEST_QUEUE_TURN = timedelta(seconds=15)
LONGEST_QUEUE_PAUSE = timedelta(minutes=5)
TOGETHER = timedelta(minutes=1)  # requests within this time stand in one queue of the cloud, in any order
DONE = (State.RUNNING, State.SUSPENDED, State.SHELVED)
LONGEST_BACKOFF = 30.0  # seconds
MOST_REPEATS = 5  # a wish that the cloud accepted and dropped this often has failed

SHOWN_AFTER = 3  # failures in a row before the machine's page says so
OUR_FAULT = _("Something of ours goes wrong with this machine. We keep trying, and the administrators can see it.")
FIRST_BUSY = _("The cluster does not answer just now. We keep trying; you need not do anything.")
NO_EFFECT = _(
    "The cluster said yes, but nothing happened. Try again in some minutes; if it stays so, tell your teacher."
)
TOO_LONG = _("This took much longer than it should. Try again; if it happens twice, tell your teacher.")
LIMIT = _(
    "The cluster's own limit for its owner is reached. Delete a machine that is no longer needed, or ask an administrator."
)
QUEUE_FIRST = _("The cluster is full. This machine is next: it starts as soon as there is room.")
QUEUE_REST = ngettext(
    "The cluster is full. %(count)s machine is before this one; it starts by itself.",
    "The cluster is full. %(count)s machines are before this one; it starts by itself.",
)


def fail(machine: Machine, note: Note, *, fault: str = "") -> None:
    """Stop trying and say what to do. A delete is tried again by itself: nothing may stay behind."""
    retry_at = timezone.now() + timedelta(seconds=settings.STEP_SECONDS) if machine.wanted == Wanted.GONE else None
    fields: dict[str, Any] = {"cloud_fault": fault} if fault else {}
    if machine.state == State.FAILED:
        return write(machine, retry_at=retry_at, state_note=note.as_json(), **fields)
    move(machine, State.FAILED, note, retry_at=retry_at, **fields)


@transaction.atomic
def follow(machine: Machine, wanted: Wanted, state: State, note: Note) -> None:
    """Let the wish follow what the cloud's own people, or its limits, decided otherwise; the history says so."""
    write(machine, wanted=wanted)
    machine.record(Event.Kind.NOTED, note)
    if state != machine.state:
        go(machine, state, note)


def go(machine: Machine, to: State, note: Note = NOTHING, *, silent: bool = False, **fields: object) -> None:
    move(machine, to, note, silent=silent, **{"attempts": 0, "cloud_errors": 0, "retry_at": None, **fields})


def wait(machine: Machine, pause: timedelta, note: Note | None = None) -> None:
    kept = machine.note if note is None else note
    write(machine, retry_at=timezone.now() + pause, state_note=kept.as_json())


def wait_at_most(machine: Machine, seconds: float, *, look_again: timedelta = NEWS) -> None:
    """Wait for the cloud. Only time in which it was heard without a break counts: an outage fails nobody.

    look_again: sooner, where no list of servers shows that there is anything to do.
    """
    watch = CloudWatch.get_solo()
    asked, length = machine.asked_at or machine.state_since, timedelta(seconds=seconds)
    since = max(asked, watch.steady_since or timezone.now())
    if watch.listed_at and watch.listed_at - since > length and watch.listed_at - _moved_on(asked) > length:
        return fail(machine, Note(TOO_LONG))
    # Do not overwrite retry_at if an observation arrived while this step ran.
    write(machine, unless=("observed_at",), retry_at=timezone.now() + look_again)


def _moved_on(asked: datetime) -> datetime:
    """Return when the cloud last finished what it was asked for no later than this: a class that launches at once is a long queue there.

    A machine that is stuck for itself does not gain by it: sooner or later all that came before it are done.
    """
    before = Machine.objects.filter(asked_at__lte=asked + TOGETHER, state__in=DONE, state_since__gt=F("asked_at"))
    last: datetime | None = before.aggregate(at=Max("state_since"))["at"]
    return last or asked


def clear_errors(machine: Machine) -> dict[str, Any]:
    """Return fields that clear the "cloud not answering" note after a step that kept the state."""
    return {"cloud_errors": 0, "retry_at": None, "state_note": NOTHING.as_json()} if machine.cloud_errors else {}


def repeat(machine: Machine, call: Callable[[], None]) -> None:
    """Repeat, some times, a wish that the cloud accepted and of which it shows no trace."""
    if machine.attempts >= MOST_REPEATS:
        return fail(machine, Note(NO_EFFECT))
    call()
    now = timezone.now()
    write(machine, asked_at=now, attempts=machine.attempts + 1, cloud_errors=0, retry_at=now + LOOK_AGAIN)


def back_off(machine: Machine, error: CloudBusy) -> None:
    """Back off with jitter. The note appears with the second failure, so that a short outage stays unseen."""
    log.warning("machine %s: the cloud is busy: %s", machine.pk, error)
    pause = error.retry_after or min(LONGEST_BACKOFF, 2.0**machine.cloud_errors) * uniform(0.7, 1.3)
    note = Note(FIRST_BUSY) if machine.cloud_errors else machine.note
    tries = min(machine.cloud_errors + 1, 16)  # 2^16 s is far above the longest pause
    write(machine, cloud_errors=tries, retry_at=timezone.now() + timedelta(seconds=pause), state_note=note.as_json())


def back_off_at_limit(machine: Machine, error: CloudLimit) -> None:
    """Back off when the cloud's limit is reached: an old server may still be going, or the cloud knows an older limit."""
    log.warning("machine %s: the cloud's limit: %s", machine.pk, error)
    if machine.attempts >= MOST_REPEATS:
        return fail(machine, Note(LIMIT), fault=str(error))
    quotas.backstop.mark_unknown(machine.owner)
    tries = machine.attempts + 1
    write(machine, attempts=tries, retry_at=timezone.now() + timedelta(seconds=min(LONGEST_BACKOFF, 2.0**tries)))


def put_off(machine: Machine, failure: RowFailure) -> None:
    """Put the next step off after a fault of ours, until the failure's time. Whatever the row is, nobody may ring for it before."""
    facts: dict[str, Any] = {"retry_at": failure.next_at, "cloud_errors": min(machine.cloud_errors + 1, 16)}
    if failure.fails >= SHOWN_AFTER:
        facts["state_note"] = Note(OUR_FAULT).as_json()
    Machine.objects.alive().filter(pk=machine.pk).update(**facts)


def refused_for_room(machine: Machine) -> timedelta:
    """Return how long to wait after the cloud took a launch and found no host for it, although it had said that there was room."""
    times: int = 2 ** min(machine.full_tries, 10)
    return min(QUEUE_TURN * times, LONGEST_QUEUE_PAUSE)


def _queue_pause(machine: Machine) -> timedelta:
    """Return how long to wait in the queue. A look for room is cheap; still, a machine that has waited for minutes looks less often."""
    waited = timezone.now() - machine.place_in_time
    return min(max(QUEUE_TURN, waited / 20), LONGEST_QUEUE_TURN)


def queue(machine: Machine, note: Note) -> None:
    if machine.state == State.QUEUED:
        return wait(machine, _queue_pause(machine), note)
    now = timezone.now()
    go(machine, State.QUEUED, note, queued_at=machine.place_in_time, retry_at=now + QUEUE_TURN)
