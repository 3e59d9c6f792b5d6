"""The verbs of leaving and coming back: archive, bin, restore, delete."""

from typing import Any

from django.db import transaction
from django.utils import timezone

import quotas.actions
import tunnels.actions
from accounts.models import User
from lib.measures import Size
from lib.notes import Note
from machines import archive_share
from machines.archive import extra_ports
from machines.models import Machine
from machines.states import State, Wanted
from machines.wishes import NOT_NOW, WrongState, allowed, locked, why_not, write_wish


@transaction.atomic
def archive(*, machine: Machine, by: User | None, why: Note | None = None, by_rule: bool | None = None) -> Machine:
    """Its disk becomes an image, its server and its share of the quota are given back; its name and ports stay.

    by_rule: it follows from the idle rules, so a full quota of archives does not refuse it; by default where nobody asks for it.
    Raises OverQuota with the numbers.
    """
    quotas.actions.lock(machine.owner_id)
    machine = locked(machine)
    if "archive" not in allowed(machine):
        raise WrongState(why_not(machine, "archive"))
    archive_share.admit(machine, by, by_rule=by is None if by_rule is None else by_rule)
    return _leave(machine, "archive", by, why)


@transaction.atomic
def bin(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """What its owner calls deleting: it is archived, and kept for some days. What never ran is deleted at once.

    Raises OverQuota with the numbers where there is no room for its archive.
    """
    quotas.actions.lock(machine.owner_id)
    machine = locked(machine)
    if "bin" not in allowed(machine):
        raise WrongState(why_not(machine, "bin"))
    if machine.never_ran:
        return delete(machine=machine, by=by, why=why)
    archive_share.admit(machine, by, by_rule=by is None)
    tunnels.actions.close_all(holder=machine.pk)
    return _leave(machine, "bin", by, why, binned_at=timezone.now())


@transaction.atomic
def restore(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """Out of the bin, out of the archive: running again. Raises OverQuota with the numbers when there is no room in the quota."""
    quotas.actions.lock(machine.owner_id)
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
        archive_share.keep_ports_only(machine)  # it had been asked back, and no step has been taken
    return write_wish(machine, verb, by, why, {"wanted": Wanted.ARCHIVED, **changes, **_at_once(machine)})


def _at_once(machine: Machine) -> dict[str, Any]:
    """What failed waits for no time of its own any more."""
    again = {"retry_at": timezone.now(), "attempts": 0, "unheard": 0}
    return again if machine.state == State.FAILED else {}


def _admit_again(machine: Machine, by: User | None) -> None:
    """What it gave back when it was archived. An older version of Minga gave back ports as well."""
    archive_share.admit_again(machine, by)
    for port in extra_ports(machine):
        if not quotas.actions.open_share(port):
            quotas.actions.admit(user=machine.owner, size=Size(ports=1), holder=port, by=by or machine.owner)
