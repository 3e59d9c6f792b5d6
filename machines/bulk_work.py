"""Carry out runs of one verb for many machines: each by the action that a single press calls, and each in a transaction of its own.

A worker that dies in the middle leaves the rest waiting, and the next turn goes on.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_noop as _

from accounts.audit.trail import asked_from
from accounts.failures import Failures
from accounts.models import User
from lib import doorbell
from lib.notes import Note, Refusal
from machines import actions, bulk_notices
from machines.bulk_preview import KEEP_AWAKE, fits
from machines.idle import answers
from machines.models import BulkItem, BulkRun
from machines.rules import WrongState, why_not
from machines.verbs import Verb

LOOP = "bulk"  # of accounts.failures
MOST = 100  # machines of one turn, so that other work has its turn too
KEPT = timedelta(days=30)  # a run after its start
UNSTARTED_KEPT = timedelta(days=1)
NO_ADMINISTRATOR = _("Whoever asked for this is no longer an administrator.")
TOO_LATE = _("The time until which it was to stay awake is over.")
NOT_ON = _("It is not on any more.")
Outcome = BulkItem.Outcome


def carry_out(now: datetime) -> int:
    """Do the next machines of the runs under way. Returns how many; one that fails stops no other."""
    runs = list(BulkRun.objects.filter(state=BulkRun.State.RUNNING).order_by("at", "pk"))
    if not runs:
        return 0
    failures, done = Failures(LOOP, now).read(), 0
    for run in runs:
        done += _some_of(run, MOST - done, failures)
        if done >= MOST:
            doorbell.ring("machines.tasks.carry_out_bulk")
            break
    return done


def _some_of(run: BulkRun, most: int, failures: Failures) -> int:
    waiting = run.items.filter(outcome=Outcome.WAITING)
    rows = waiting.exclude(pk__in=failures.resting).order_by("pk").values_list("pk", "machine_id")
    due = list(rows[:most])
    with asked_from(run.address or ""):
        for pk, machine in due:
            with failures.at(pk, holder=machine):
                _one(pk, failures.now)
    if len(due) < most or not waiting.exists():
        _close(run, failures.now)
    return len(due)


@transaction.atomic
def _close(run: BulkRun, now: datetime) -> None:
    """Notify the owners whose machines are done, and end the run unless failed rows wait for another try."""
    bulk_notices.notify_owners(run, now)
    if not run.items.filter(outcome=Outcome.WAITING).exists():
        ended = {"state": BulkRun.State.DONE, "ended_at": now}
        BulkRun.objects.filter(pk=run.pk, state=BulkRun.State.RUNNING).update(**ended)


@transaction.atomic
def _one(pk: int, now: datetime) -> None:
    """Carry out one machine's part, unless another worker is doing it or has done it."""
    rows = BulkItem.objects.select_for_update(skip_locked=True, of=("self",)).select_related("run__by", "machine")
    item = rows.filter(pk=pk, outcome=Outcome.WAITING).first()
    if item is None:
        return
    by = item.run.by
    if by is None or not by.is_active or User.Role.ADMIN not in by.held_roles:
        return item.end(Outcome.REFUSED, Note(NO_ADMINISTRATOR))
    try:
        with transaction.atomic():
            _act(item, by, now)
    except Refusal as refusal:
        return item.end(Outcome.REFUSED, refusal.note)
    item.end(Outcome.DONE)


def _act(item: BulkItem, by: User, now: datetime) -> None:
    if item.run.verb != KEEP_AWAKE:
        actions.ACTIONS[Verb(item.run.verb)](machine=item.machine, by=by)
        return
    if not fits(item.machine, KEEP_AWAKE):
        raise WrongState(why_not(item.machine, Verb.SUSPEND) if item.machine.binned_at else NOT_ON)
    if item.run.until is None or item.run.until <= now:
        raise WrongState(TOO_LATE)
    answers.give(machine=item.machine, until=item.run.until, by=by, now=now)


def forget(now: datetime) -> None:
    """Delete runs that ended long ago, and previews that nobody started."""
    BulkRun.objects.filter(state=BulkRun.State.PREVIEW, at__lt=now - UNSTARTED_KEPT).delete()
    BulkRun.objects.filter(state=BulkRun.State.DONE, at__lt=now - KEPT).delete()
