"""Machines of a node that is dead start on another one. Where nodes share no storage their disks are made anew (docs/adr/0114)."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop as _

from lib.notes import Note
from lib.states import write
from machines.models import DiskImage, Event, Machine
from machines.rules import WrongState, locked, why_not, write_wish
from machines.states import Refused, State, Wanted
from machines.verbs import Verb

TRY_AGAIN = timedelta(minutes=5)  # where no other node could take it

ELSEWHERE = _("The computer below it is dead. It starts on another one.")
DEAD_SHARED = _("The computer below it is dead. It starts on another one; its disk is kept, its memory is not.")
DEAD_MOMENT = _(
    "The computer below it is dead, with its disk. It starts on another one, from the moment “%(title)s” that was kept."
)
DEAD = _(
    "The computer below it is dead, with its disk. It starts on another one, from its template: what was in it is lost."
)


def is_time(machine: Machine, now: datetime) -> bool:
    """Say whether a start elsewhere may be tried: not at once again where there was no place for it."""
    return machine.refused != Refused.MOVE or now - machine.state_since >= TRY_AGAIN


@transaction.atomic
def leave(machine: Machine) -> Machine:
    """Have a machine that runs start on another node, whatever else is asked of it. Raises WrongState."""
    machine = locked(machine)
    if machine.owes_move:
        return machine
    if machine.state != State.RUNNING or machine.wanted != Wanted.RUNNING or not machine.server_id:
        raise WrongState(why_not(machine, Verb.MOVE))
    return write_wish(machine, Verb.MOVE, None, _words(), _wish(machine))


@transaction.atomic
def ask_to_start_elsewhere(machine: Machine) -> None:
    """Write down, in a step, that a machine on a dead node starts elsewhere. Twice is once."""
    row = locked(machine)
    if row.owes_move:
        return
    write(machine, **_wish(row))
    machine.record(Event.Kind.NOTED, _words())


@transaction.atomic
def give_up_disk(machine: Machine) -> None:
    """Write down, in the step before its server starts elsewhere, from what its disk is made anew. Twice is once.

    Not before: until then its node may come back with the disk.
    """
    if not machine.from_dead_host:  # its node died while it was being moved
        write(machine, from_dead_host=True)
    row = locked(machine)
    if settings.SHARED_DISKS or row.resets_asked != row.resets_done:
        return
    number, why = row.resets_asked + 1, Note(DEAD)
    if moment := row.copies.moments().filter(state=DiskImage.State.READY).order_by("-number").first():
        DiskImage.objects.filter(pk=moment.pk).update(restores=number)
        why = Note(DEAD_MOMENT, {"title": moment.title})
    write(machine, resets_asked=number)
    machine.record(Event.Kind.NOTED, why)


def with_its_disk(machine: Machine) -> dict[str, Any]:
    """Return the columns of a machine that did not leave its node after all: its disk is not made anew."""
    is_spared = machine.from_dead_host and not settings.SHARED_DISKS
    return {"resets_done": machine.resets_asked} if is_spared else {}


def _wish(machine: Machine) -> dict[str, Any]:
    return {"moves_asked": machine.moves_asked + 1, "from_dead_host": True}


def _words() -> Note:
    return Note(DEAD_SHARED if settings.SHARED_DISKS else ELSEWHERE)
