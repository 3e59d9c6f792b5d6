"""The sweep over idle machines: facts, then decisions in memory, then one transaction for each thing that is done.

Nothing is done on old facts: whoever acts locks the machine and its questions, loads its facts again and finds the same row due.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

import quotas.actions
from lib import logs
from lib.notes import Refusal
from machines.idle import facts, room
from machines.idle.outlook import Outlook, outlook_of
from machines.idle.table import TABLE, Step, coming, step_of
from machines.models import Ask, Machine

log = logging.getLogger(__name__)


def tick(now: datetime) -> list[Step]:
    """Do what is due, the longest due first, at most settings.IDLE_MOST of it; what was done."""
    outlooks = look(now)
    room.reckon(outlooks, now)
    done: list[Step] = []
    for step in plan(outlooks, now):
        if len(done) >= settings.IDLE_MOST:
            break
        with logs.about(machine=step.outlook.facts.machine.pk):
            if _done(step, now):
                done.append(step)
    return done


def look(now: datetime) -> list[Outlook]:
    """Everything that may be idle, and what follows for it. Seven queries, however many machines."""
    return [outlook_of(each, now) for each in facts.load(facts.watched(), now)]


def plan(outlooks: list[Outlook], now: datetime) -> list[Step]:
    """What is to be done now: by the table, and to make room. Two queries."""
    steps = [step for outlook in outlooks if (step := step_of(outlook)) is not None]
    taken = {step.outlook.facts.machine.pk for step in steps}
    free = [outlook for outlook in outlooks if outlook.facts.machine.pk not in taken]
    return [*room.plan(free, now), *sorted(steps, key=lambda step: step.due_at)]


def ahead(outlooks: list[Outlook], now: datetime, length: timedelta) -> list[Step]:
    """What comes within that time if nothing changes: the next thing of each machine, the soonest first."""
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
    """The same step by the facts of this moment; None when it is not due any more.

    Locks are taken as everywhere: the owner's Allowance, then the questions, then the machine.
    """
    pk = step.outlook.facts.machine.pk
    quotas.actions.lock(step.outlook.facts.machine.owner_id)
    list(Ask.objects.open().filter(machine=pk).select_for_update(of=("self",)).values_list("pk"))
    rows = facts.load(Machine.objects.select_for_update(of=("self",)).filter(pk=pk), now)
    if not rows:
        return None
    outlook = outlook_of(rows[0], now)
    if step.stage in TABLE:
        fresh = step_of(outlook)
        return fresh if fresh and fresh.stage is step.stage else None
    due = step.stage.due(outlook)
    return Step(step.stage, outlook, due) if due is not None and due <= now else None
