"""The sweep over idle machines: facts, then decisions in memory, then one transaction for each thing that is done.

Nothing is done on old facts: whoever acts locks the machine and its questions, loads its facts again and finds the same row due.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

import quotas.actions
from accounts.failures import Failures
from lib import logs
from lib.notes import Refusal
from machines.idle import facts, make_room, questions
from machines.idle.forecast import Outlook, outlook_of
from machines.idle.stages import TABLE, Step, coming, step_of
from machines.models import Machine, Question

log = logging.getLogger(__name__)
LOOP = "idle"  # of accounts.failures


def tick(now: datetime) -> list[Step]:
    """Do what is due, the longest due first, at most settings.IDLE_MOST of it; what was done."""
    failures = Failures(LOOP, now)
    with failures.at("countdowns"):
        questions.settle(now)
    outlooks = load_outlooks(now, failures)
    with failures.at("queue"):
        make_room.keep_estimates(outlooks, now)
    done: list[Step] = []
    for step in plan(outlooks, now, failures):
        if len(done) >= settings.IDLE_MOST:
            break
        pk = step.outlook.facts.machine.pk
        with logs.about(machine=pk), failures.at(pk, holder=pk):
            if _done(step, now):
                done.append(step)
    return done


def load_outlooks(now: datetime, failures: Failures | None = None) -> list[Outlook]:
    """Return the outlook of everything that may be idle. Eight queries, however many machines."""
    failures = failures or Failures(LOOP, now)
    resting = set(failures.resting)
    rows = [one for one in facts.load(facts.watched(), now, failures) if str(one.machine.pk) not in resting]
    return failures.each(rows, lambda one: outlook_of(one, now), lambda one: one.machine.pk)


def plan(outlooks: list[Outlook], now: datetime, failures: Failures | None = None) -> list[Step]:
    """Return the steps that are due now: by the table, and to make room. Two queries."""
    failures = failures or Failures(LOOP, now)
    pairs = failures.each(outlooks, lambda outlook: (outlook, step_of(outlook)), lambda o: o.facts.machine.pk)
    steps = [step for _outlook, step in pairs if step is not None]
    free = [outlook for outlook, step in pairs if step is None]
    for_room: list[Step] = []
    with failures.at("room"):
        for_room = make_room.plan(free, now)
    return [*for_room, *sorted(steps, key=lambda step: step.due_at)]


def ahead(outlooks: list[Outlook], now: datetime, length: timedelta) -> list[Step]:
    """Return what comes within that time if nothing changes: the next thing of each machine, the soonest first."""
    steps = [some[0] for outlook in outlooks if not step_of(outlook) and (some := coming(outlook, now + length))]
    return sorted(steps, key=lambda step: step.due_at)


def _done(step: Step, now: datetime) -> bool:
    try:
        with transaction.atomic():
            fresh = _again(step, now)
            if fresh is None:
                return False
            fresh.stage.act(fresh.outlook, fresh.why)
    except Refusal as refusal:
        log.warning("idle: %s is refused: %s", step.stage.name, refusal)
        return False
    log.info("idle: %s", step.stage.name)
    return True


def _again(step: Step, now: datetime) -> Step | None:
    """Return the same step by the facts of this moment; None when it is not due any more.

    Locks are taken as everywhere: the owner's Allowance, then the questions, then the machine.
    """
    pk = step.outlook.facts.machine.pk
    quotas.actions.lock(step.outlook.facts.machine.owner_id)
    ends = list(
        Question.objects.open().filter(machine=pk).select_for_update(of=("self",)).values_list("ends_at", flat=True)
    )
    if None in ends:  # a message may have reached its owner a moment ago
        questions.settle(now, machine=pk)
    rows = facts.load(Machine.objects.not_held().select_for_update(of=("self",)).filter(pk=pk), now)
    if not rows:
        return None
    outlook = outlook_of(rows[0], now)
    if step.stage in TABLE:
        fresh = step_of(outlook)
        return fresh if fresh and fresh.stage is step.stage else None
    due = step.stage.due(outlook)
    return Step(step.stage, outlook, due) if due is not None and due <= now else None
