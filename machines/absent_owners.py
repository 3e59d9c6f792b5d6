"""Machines of people who were blocked or removed: they sleep, or go to the recycle bin.

To block or remove a person only writes that down; this loop finds the machines. deactivated_owners shuts their ports.
"""

from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext_noop as _

from accounts.failures import Failures
from lib.notes import Note
from machines import actions
from machines.deactivated_owners import change_each
from machines.models import Machine, MachineQuerySet
from machines.put_to_rest import put_to_rest
from machines.rules import WrongState
from machines.states import State, Wanted

LOOP = "absent"  # of accounts.failures
ASLEEP = _("Its owner's account is deactivated: it goes to sleep.")
AWAY = _("Its owner's account is deactivated. It cannot sleep, so it is put away: its disk is kept, its memory is not.")
BINNED = _("Its owner was removed: it goes to the recycle bin.")


def follow(now: datetime) -> int:
    """Put such machines away. Returns how many; one that fails stops no other."""
    failures = Failures(LOOP, now)
    return change_each(_to_bin(), _bin, failures) + change_each(_to_sleep(), _sleep, failures)


def _to_bin() -> MachineQuerySet:
    theirs = Machine.objects.alive().not_held().filter(owner__removed_at__isnull=False, binned_at=None)
    return theirs.exclude(wanted=Wanted.GONE)


def _to_sleep() -> MachineQuerySet:
    theirs = Machine.objects.alive().not_held().filter(owner__is_active=False, owner__removed_at=None)
    return theirs.filter(state=State.RUNNING, wanted=Wanted.RUNNING)


def _bin(machine: Machine) -> bool:
    return _done(lambda: actions.bin(machine=machine, by=None, why=Note(BINNED)))


def _sleep(machine: Machine) -> bool:
    return _done(lambda: put_to_rest(machine, asleep=Note(ASLEEP), away=Note(AWAY)))


def _done(act: Callable[[], Machine]) -> bool:
    """Put a machine away, unless somebody was first."""
    try:
        act()
    except WrongState:
        return False
    return True
