"""Ports of people whose account was deactivated: shut while it is so, and open again when they are back.

Who deactivates an account only writes `is_active`; this loop finds the rows. `tunnels.actions` opens none of them meanwhile.
"""

import logging
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_noop as _

import tunnels.actions
from lib import doorbell
from lib.notes import Note
from machines.models import Event, Machine
from machines.states import State, Wanted
from machines.wishes import locked
from tunnels.models import Tunnel
from tunnels.states import Wanted as Port

log = logging.getLogger(__name__)

MOST = 200  # machines in one turn; the next does the rest
SHUT = _("Its owner's account is deactivated: all ports are shut.")
BACK = _("Its owner's account is active again: the ports open.")


def follow(now: datetime) -> int:
    """Bring ports in line with accounts. Returns how many machines changed; one that fails stops no other."""
    return sum(_tried(machine, _shut) for machine in _to_shut()) + sum(
        _tried(machine, _open) for machine in _to_open(now)
    )


def _to_shut() -> list[Machine]:
    reachable = Tunnel.objects.live().filter(owner__is_active=False, wanted__in=[Port.OPEN, Port.HELD]).values("holder")
    return list(Machine.objects.alive().filter(pk__in=reachable)[:MOST])


def _to_open(now: datetime) -> list[Machine]:
    """Running and asked for nothing. Ports of those that sleep are held again by `knockers.follow`."""
    shut = Tunnel.objects.live().filter(owner__is_active=True, wanted=Port.CLOSED).values("holder")
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
    calm = Q(resets_asked=F("resets_done"), restarts_asked=F("restarts_done"), ports_asked=F("ports_done"))
    runs = Machine.objects.filter(free, calm, state=State.RUNNING, wanted=Wanted.RUNNING)
    return list(runs.filter(pk__in=shut)[:MOST])


def _tried(machine: Machine, change: Any) -> bool:
    try:
        return bool(change(machine))
    except Exception:
        log.exception("the ports of machine %s could not follow its owner's account", machine.pk)
        return False


@transaction.atomic
def _shut(machine: Machine) -> bool:
    machine = locked(machine)
    if machine.owner.is_active or not tunnels.actions.close_all(holder=machine.pk):
        return False
    machine.record(Event.Kind.NOTED, Note(SHUT))
    return True


@transaction.atomic
def _open(machine: Machine) -> bool:
    """Ask for its ports, as after a change of them: the step knows the address, and waits for nothing else."""
    machine = locked(machine)
    if not machine.owner.is_active or machine.ports_asked != machine.ports_done:
        return False
    Machine.objects.filter(pk=machine.pk).update(ports_asked=F("ports_asked") + 1)
    machine.record(Event.Kind.NOTED, Note(BACK))
    doorbell.ring("machines.tasks.advance", machine.pk)
    return True
