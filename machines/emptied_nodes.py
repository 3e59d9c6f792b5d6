"""Machines leave their node: for its maintenance they are moved or put away, after their owners were asked; of a dead one they start elsewhere.

nodes.hypervisors.emptying says which nodes are to be empty. This loop tells the cloud, asks owners, and writes wishes (docs/adr/0114).
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_noop as _

from accounts.failures import Failures
from accounts.models import User
from cloud.contract import Cloud, CloudRefused
from lib.notes import Note
from machines import actions, dead_nodes, leaving_notices
from machines.models import Machine, MachineQuerySet
from machines.rules import WrongState, locked
from machines.states import Refused, State, Wanted
from nodes.models import Emptying

log = logging.getLogger(__name__)
LOOP = "leaving"  # of accounts.failures
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


def tick(cloud: Cloud, now: datetime) -> None:
    """Go on with all nodes that are to be empty, or are brought back. One that fails stops no other."""
    failures = Failures(LOOP, now)
    for row in Emptying.objects.filter(settled_at=None, node__listed=True).select_related("node"):
        with failures.at(row.pk):
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
        left -= _try(_move_or_put_away, machine)


def _moving(name: str) -> int:
    """Count the machines that are on their way from a node."""
    asked = Machine.objects.alive().exclude(moves_asked=F("moves_done")).exclude(state=State.FAILED)
    return asked.filter(Q(host=name) | Q(moved_from=name)).count()


def _move_or_put_away(machine: Machine) -> Machine:
    if machine.refused == Refused.MOVE:
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
            Emptying.objects.filter(pk=row.pk, ended_at=None).update(ended_at=now)
            return
    machines = on_node(row.node.name)
    leaving_notices.tell_owners(row, machines, now)
    for machine in _running(machines):
        _try(dead_nodes.leave, machine)


# ---- both ----


def _bring_back(row: Emptying, cloud: Cloud, now: datetime) -> None:
    """Let the cloud use the node again. Settled once a look has shown that it does."""
    if row.node.fenced:
        try:
            return cloud.set_host_fenced(row.node.name, False)
        except CloudRefused as error:  # its service has not started yet, which removes what runs elsewhere now
            log.info("node %s stays fenced: %s", row.node.name, error)
            return
    if row.was_enabled and not row.node.enabled:
        return cloud.set_host_enabled(row.node.name, True)
    Emptying.objects.filter(pk=row.pk).update(settled_at=now)


def _running(machines: MachineQuerySet) -> MachineQuerySet:
    """Select those that run and are at nothing else, those used longest ago first."""
    return machines.filter(state=State.RUNNING, wanted=Wanted.RUNNING).order_by("used_at").with_parts()


def _try(act: Callable[..., Machine], *about: Any) -> bool:
    """Do it, unless the machine is at something else: the loop comes again. Returns whether it was done."""
    try:
        act(*about)
    except WrongState:
        return False
    return True
