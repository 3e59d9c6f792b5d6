"""Move or shut the ports of running machines whose server has another address now, or none.

Somebody changed its interfaces on the cluster itself. The old address may soon be another machine's, so no port may go on leading there.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext_noop as _

from accounts.failures import Failures
from lib import doorbell
from lib.notes import Note
from machines.models import Event, Machine, MachineQuerySet
from machines.rules import locked
from machines.states import State, Wanted
from machines.stepper.answering import NO_ADDRESS
from tunnels.models import Tunnel
from tunnels.states import Wanted as Port

LOOP = "addresses"  # of accounts.failures
MOST_AT_ONCE = 200  # machines of one turn; the next does the rest
MOVED = _("Its server has another address on the cluster's network now: its ports lead there.")


def follow(now: datetime) -> int:
    """Ask for the ports of such machines again: the machine's next step opens them to its present address, or to none.

    Return for how many machines.
    """
    failures = Failures(LOOP, now)
    changed = 0
    for machine in _elsewhere(now).exclude(pk__in=failures.resting)[:MOST_AT_ONCE]:
        with failures.at(machine.pk, holder=machine.pk):
            changed += _ask(machine)
    return changed


def _elsewhere(now: datetime) -> MachineQuerySet:
    """Select running machines with an open port that leads to another address than theirs, unless it was asked for again already."""
    ports = Tunnel.objects.live().filter(holder=OuterRef("pk"), wanted=Port.OPEN, owner__is_active=True)
    running = Machine.objects.not_held().unclaimed(now).filter(state=State.RUNNING, wanted=Wanted.RUNNING)
    return running.filter(Exists(ports.exclude(target_host=OuterRef("address"))), ports_asked=F("ports_done"))


@transaction.atomic
def _ask(machine: Machine) -> bool:
    machine = locked(machine)
    if machine.state != State.RUNNING or machine.ports_asked != machine.ports_done:
        return False
    Machine.objects.filter(pk=machine.pk).update(ports_asked=F("ports_asked") + 1)
    machine.record(Event.Kind.NOTED, Note(MOVED if machine.address else NO_ADDRESS))
    doorbell.ring("machines.tasks.advance", machine.pk)
    return True
