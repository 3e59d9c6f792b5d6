"""Machines leave their node: for its maintenance they are moved or put away, after their owners were asked; of a dead one they start elsewhere.

nodes.hypervisors.emptying says which nodes are to be empty. This loop tells the cloud, asks owners, and writes wishes (docs/adr/0114).
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_noop as _

from accounts.failures import Failures
from accounts.models import User
from cloud.contract import Cloud, CloudBusy, CloudRefused
from lib.claims import claimed
from lib.notes import Note
from machines import actions, dead_nodes, leaving_notices
from machines.models import Machine, MachineQuerySet
from machines.rules import WrongState, locked
from machines.states import Refused, State, Wanted
from nodes.hypervisors import emptying
from nodes.models import Emptying

log = logging.getLogger(__name__)
LOOP = "leaving"  # of accounts.failures
BEGINS = timedelta(minutes=10)
AT_ONCE = 2  # disks that are copied from one node side by side: its network is an old one

MAINTENANCE = _(
    "The computer below it goes into maintenance, so it is moved to another one. It restarts; its disk moves with it."
)
CHOSEN = _("Asked to be moved before the computer below it goes into maintenance.")
PUT_AWAY = _("The computer below it goes into maintenance, so it is put away: its disk is kept, its memory is not.")
NO_PLACE = _(
    "The computer below it goes into maintenance, and no other one can take it now, so it is put away: its disk is kept, its memory is not."
)


def has_work() -> bool:
    """Say whether a node is to be empty, or is brought back."""
    return Emptying.objects.filter(settled_at=None, node__listed=True).exists()


def waits_for_looks(now: datetime) -> bool:
    """Say whether a node was taken out of service, or brought back, just now: each step of that follows from a look."""
    lately = Q(began_at__gt=now - BEGINS) | Q(ended_at__gt=now - BEGINS)
    return Emptying.objects.filter(lately, settled_at=None, node__listed=True).exists()


def tick(cloud: Cloud, now: datetime) -> None:
    """Go on with all nodes that are to be empty, or are brought back. One that fails stops no other."""
    failures = Failures(LOOP, now).read()
    rows = Emptying.objects.filter(settled_at=None, node__listed=True)
    for pk in rows.values_list("pk", flat=True):
        # Of two workers one goes on: neither does more than AT_ONCE, nor tells the cloud what was true a moment ago.
        with failures.at(pk, busy=(CloudBusy,)), claimed(rows, pk, settings.CLAIM_SECONDS) as row:
            if row is not None:
                _go_on(row, cloud, now)


def _go_on(row: Emptying, cloud: Cloud, now: datetime) -> None:
    if row.ended_at:
        _bring_back(row, cloud, now)
    elif row.kind == Emptying.Kind.DEAD:
        _start_elsewhere(row, cloud, now)
    else:
        _empty(row, cloud, now)


@transaction.atomic
def move_now(*, machine: Machine, by: User) -> Machine:
    """Move a machine before its node is maintained, at a time that its owner chooses. Raises WrongState."""
    machine = locked(machine)
    if not open_maintenance(machine.host):
        raise WrongState(_("The computer below it is not being maintained any more."))
    return actions.move(machine=machine, by=by, why=Note(CHOSEN))


def open_maintenance(host: str) -> Emptying | None:
    """Return the maintenance for which machines on this host are to leave it."""
    rows = Emptying.objects.filter(settled_at=None, ended_at=None, kind=Emptying.Kind.MAINTENANCE)
    return rows.filter(node__name=host).first() if host else None


def on_node(name: str) -> MachineQuerySet:
    """Select the machines that the cloud says are on a node."""
    return Machine.objects.alive().not_held().filter(host=name)


# ---- maintenance ----


def _empty(row: Emptying, cloud: Cloud, now: datetime) -> None:
    if row.node.enabled:
        cloud.set_host_enabled(row.node.name, False, row.why)
    machines = on_node(row.node.name)
    leaving_notices.ask_owners(row, machines, now)
    if now < row.empty_by:
        return
    for machine in machines.filter(state=State.SUSPENDED, wanted=Wanted.SUSPENDED).with_parts():
        _try(_put_away, machine, PUT_AWAY)
    left = AT_ONCE - _moving(row.node.name)
    for machine in _running(machines):
        if left <= 0:
            return
        left -= _try(_move_or_put_away, machine, row.began_at)


def _moving(name: str) -> int:
    """Count the machines that are on their way from a node."""
    asked = Machine.objects.alive().exclude(moves_asked=F("moves_done")).exclude(state=State.FAILED)
    return asked.filter(Q(host=name) | Q(moved_from=name)).count()


def _move_or_put_away(machine: Machine, began_at: datetime) -> Machine:
    """Move a machine; put it away where that was tried since the maintenance began, and no other node took it."""
    if machine.refused == Refused.MOVE and machine.state_since >= began_at:
        return _put_away(machine, NO_PLACE)
    return actions.move(machine=machine, by=None, why=Note(MAINTENANCE))


def _put_away(machine: Machine, why: str) -> Machine:
    return actions.shelve(machine=machine, by=None, why=Note(why))


# ---- dead nodes ----


def _start_elsewhere(row: Emptying, cloud: Cloud, now: datetime) -> None:
    """Fence the node, then start elsewhere what ran on it. What sleeps starts elsewhere when it is woken (stepper.sleep)."""
    if not row.node.fenced:
        try:
            return cloud.set_host_fenced(row.node.name, True)
        except CloudRefused as error:  # it came back before we said so
            log.warning("node %s is not fenced: %s", row.node.name, error)
            return emptying.call_off(row, str(error), now)
    if emptying.is_heard(row.node):
        return log.warning("node %s is fenced, and reports all the same: nothing starts elsewhere", row.node.name)
    machines = on_node(row.node.name)
    leaving_notices.tell_owners(row, machines, now)
    for machine in _running(machines):
        if dead_nodes.is_time(machine, now):
            _try(dead_nodes.leave, machine)


# ---- both ----


def _bring_back(row: Emptying, cloud: Cloud, now: datetime) -> None:
    """Let the cloud use the node again. Settled once a look that began afterwards has shown that it does."""
    is_old = row.ended_at is None or row.node.seen_at <= row.ended_at
    if row.node.fenced or (is_old and row.kind == Emptying.Kind.DEAD):
        try:
            cloud.set_host_fenced(row.node.name, False)
        except CloudRefused as error:  # its service has not started yet, which removes what runs elsewhere now
            return log.info("node %s stays fenced: %s", row.node.name, error)
    if row.was_enabled and (is_old or not row.node.enabled):
        cloud.set_host_enabled(row.node.name, True)
    elif not is_old and not row.node.fenced:
        Emptying.objects.filter(pk=row.pk).update(settled_at=now)


def _running(machines: MachineQuerySet) -> MachineQuerySet:
    """Select those that run and are at nothing else, those used longest ago first."""
    return machines.filter(state=State.RUNNING, wanted=Wanted.RUNNING).order_by("used_at", "pk").with_parts()


def _try(act: Callable[..., Machine], *about: Any) -> bool:
    """Do it, unless the machine is at something else: the loop comes again. Returns whether it was done."""
    try:
        act(*about)
    except WrongState:
        return False
    return True
