"""Machines of a node that is dead start on another one. Where nodes share no storage their disks are made anew (docs/adr/0114)."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop as _

from lib.notes import Note
from lib.states import write
from machines.models import DiskImage, Event, Machine
from machines.rules import locked, require, write_wish
from machines.verbs import Verb

DEAD_SHARED = _("The computer below it is dead. It starts on another one; its disk is kept, its memory is not.")
DEAD_MOMENT = _(
    "The computer below it is dead, with its disk. It starts on another one, from the moment “%(title)s” that was kept."
)
DEAD = _(
    "The computer below it is dead, with its disk. It starts on another one, from its template: what was in it is lost."
)


@transaction.atomic
def leave(machine: Machine) -> Machine:
    """Have a machine start on another node. Where disks are not shared it begins from its last kept moment, else from its template."""
    machine = locked(machine)
    if machine.owes_move:
        return machine
    require(machine, Verb.MOVE)
    changes, why = _what_is_left(machine)
    return write_wish(machine, Verb.MOVE, None, why, {"moves_asked": machine.moves_asked + 1, **changes})


@transaction.atomic
def ask_to_start_elsewhere(machine: Machine) -> None:
    """Write down, in a step, that a machine that slept on a dead node starts elsewhere. Twice is once."""
    row = locked(machine)
    if row.owes_move:
        return
    changes, why = _what_is_left(row)
    write(machine, moves_asked=row.moves_asked + 1, **changes)
    machine.record(Event.Kind.NOTED, why)


def _what_is_left(machine: Machine) -> tuple[dict[str, Any], Note]:
    """Return the columns with which a locked machine's disk is made anew, and the words. No columns where disks are shared."""
    if settings.SHARED_DISKS:
        return {}, Note(DEAD_SHARED)
    number = machine.resets_asked + 1
    moment = machine.copies.moments().filter(state=DiskImage.State.READY).order_by("-number").first()
    if moment is None:
        return {"resets_asked": number}, Note(DEAD)
    DiskImage.objects.filter(pk=moment.pk).update(restores=number)
    return {"resets_asked": number}, Note(DEAD_MOMENT, {"title": moment.title})
