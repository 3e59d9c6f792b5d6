"""The verbs of leaving and coming back: archive, bin, restore, delete."""

from typing import Any

from django.db import transaction
from django.utils import timezone

import quotas.actions
import tunnels.actions
from accounts.models import User
from lib.notes import Note
from machines.archive import extra_ports, give_back
from machines.models import Machine
from machines.offers import size_of
from machines.states import State, Wanted
from machines.wishes import NOT_NOW, WrongState, allowed, locked, why_not, write_wish
from quotas.actions import Size
from quotas.models import Reservation


@transaction.atomic
def archive(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """Its disk becomes an image, its server and its share of the quota are given back; its name and ports stay."""
    machine = locked(machine)
    if "archive" not in allowed(machine):
        raise WrongState(why_not(machine, "archive"))
    return _leave(machine, "archive", by, why)


@transaction.atomic
def bin(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """What its owner calls deleting: it is archived, and kept for some days. What never ran is deleted at once."""
    machine = locked(machine)
    if "bin" not in allowed(machine):
        raise WrongState(why_not(machine, "bin"))
    if machine.never_ran:
        return delete(machine=machine, by=by, why=why)
    tunnels.actions.close_all(holder=machine.pk)
    return _leave(machine, "bin", by, why, binned_at=timezone.now())


@transaction.atomic
def restore(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """Out of the bin, out of the archive: running again. Raises OverQuota with the numbers when there is no room in the quota."""
    quotas.actions.lock(machine.owner)
    machine = locked(machine)
    if "restore" not in allowed(machine):
        raise WrongState(why_not(machine, "restore"))
    _admit_again(machine, by)
    now = timezone.now()
    back = {"wanted": Wanted.RUNNING, "binned_at": None, "used_at": now}
    return write_wish(machine, "restore", by, why, {**back, **_at_once(machine)})


@transaction.atomic
def delete(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """For good: ports closed at once, quota given back when the cloud has done it."""
    machine = locked(machine)
    if machine.wanted == Wanted.GONE and machine.state != State.FAILED:
        raise WrongState(NOT_NOW[State.GONE if machine.state == State.GONE else State.DELETING])
    tunnels.actions.release(holder=machine.pk)
    gone = {"wanted": Wanted.GONE, "retry_at": timezone.now(), "attempts": 0, "unheard": 0}
    return write_wish(machine, "delete", by, why, gone)


def _leave(machine: Machine, verb: str, by: User | None, why: Note | None, **changes: Any) -> Machine:
    if machine.state == State.ARCHIVED:
        give_back(machine)  # it had been asked back, and no step has been taken
    return write_wish(machine, verb, by, why, {"wanted": Wanted.ARCHIVED, **changes, **_at_once(machine)})


def _at_once(machine: Machine) -> dict[str, Any]:
    """What failed waits for no time of its own any more."""
    again = {"retry_at": timezone.now(), "attempts": 0, "unheard": 0}
    return again if machine.state == State.FAILED else {}


def _admit_again(machine: Machine, by: User | None) -> None:
    """What it gave back when it was archived. While it was not archived yet, it still has it."""
    who, extra = by or machine.owner, extra_ports(machine)
    taken = set(_open_shares([machine.pk, *extra]))
    if machine.pk not in taken:
        quotas.actions.admit(user=machine.owner, size=size_of(machine.template), holder=machine.pk, by=who)
    for port in extra:
        if port not in taken:
            quotas.actions.admit(user=machine.owner, size=Size(ports=1), holder=port, by=who)


def _open_shares(holders: list[Any]) -> list[Any]:
    return list(Reservation.objects.filter(holder__in=holders, closed_at__isnull=True).values_list("holder", flat=True))
