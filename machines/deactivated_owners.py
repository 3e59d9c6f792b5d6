"""Ports of people whose account was deactivated: shut while it is so, and open again when they are back.

Who deactivates an account only writes `is_active`; this loop finds the rows. `tunnels.actions` opens none of them meanwhile.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_noop as _

import tunnels.actions
from accounts.failures import Failures
from lib import doorbell
from lib.notes import Note
from machines.models import Event, Machine, MachineQuerySet
from machines.rules import locked
from machines.states import State, Wanted
from tunnels.models import Tunnel
from tunnels.states import Wanted as Port

LOOP = "accounts"  # of accounts.failures
PAGE = 200  # machines that are read at once
SHUT = _("Its owner's account is deactivated: all ports are shut.")
BACK = _("Its owner's account is active again: the ports open.")


def follow(now: datetime) -> int:
    """Bring ports in line with accounts. Returns how many machines changed; one that fails stops no other."""
    failures = Failures(LOOP, now)
    return change_each(_to_shut(), _shut, failures) + change_each(_to_open(now), _open, failures)


def change_each(machines: MachineQuerySet, change: Callable[[Machine], bool], failures: Failures) -> int:
    """Change each of these machines that do not rest after a failure. The table of failures is not read while there is nothing to do."""
    changed = 0
    for machine in _in_pages(machines):
        if str(machine.pk) not in failures.resting:
            with failures.at(machine.pk, holder=machine.pk):
                changed += change(machine)
    return changed


def _in_pages(machines: MachineQuerySet) -> Iterator[Machine]:
    """Read all in the order of their keys: those that fail, or are not changed, keep no others from their turn."""
    page = list(machines.order_by("pk")[:PAGE])
    while page:
        yield from page
        page = list(machines.filter(pk__gt=page[-1].pk).order_by("pk")[:PAGE])


def _to_shut() -> MachineQuerySet:
    reachable = Tunnel.objects.live().filter(owner__is_active=False, wanted__in=[Port.OPEN, Port.HELD]).values("holder")
    return Machine.objects.alive().not_held().filter(pk__in=reachable)


def _to_open(now: datetime) -> MachineQuerySet:
    """Select running machines with nothing else to do. Ports of sleepers are held again by `visitors.follow`."""
    shut = Tunnel.objects.live().filter(owner__is_active=True, wanted=Port.CLOSED).values("holder")
    nothing_asked = Q(resets_asked=F("resets_done"), restarts_asked=F("restarts_done"), ports_asked=F("ports_done"))
    idle = Machine.objects.not_held().unclaimed(now).filter(nothing_asked, state=State.RUNNING, wanted=Wanted.RUNNING)
    return idle.filter(pk__in=shut)


@transaction.atomic
def _shut(machine: Machine) -> bool:
    machine = locked(machine)
    if machine.owner.is_active or not tunnels.actions.close_all(holder=machine.pk):
        return False
    machine.record(Event.Kind.NOTED, Note(SHUT))
    return True


@transaction.atomic
def _open(machine: Machine) -> bool:
    """Ask for the ports as after a change of them: the step knows the address, and waits for nothing else."""
    machine = locked(machine)
    if not machine.owner.is_active or machine.ports_asked != machine.ports_done:
        return False
    Machine.objects.filter(pk=machine.pk).update(ports_asked=F("ports_asked") + 1)
    machine.record(Event.Kind.NOTED, Note(BACK))
    doorbell.ring("machines.tasks.advance", machine.pk)
    return True
