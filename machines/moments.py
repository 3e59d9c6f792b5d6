"""Kept moments: copies of a machine's disk to which its owner may go back.

A moment is a DiskImage of its own kind, made and taken away by machines.disk_images like a download. To go back is a reset with the
moment's image in place of the template's: the stepper takes the same steps, and ports, name and server stay. A moment counts as an
archive in the quota. It lives as long as the machine, in the recycle bin too, and goes with it.
"""

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_noop as _

import quotas.actions
from accounts.models import User
from lib import doorbell, events
from lib.names import clean_name
from lib.notes import Note, Refusal
from machines import moment_share, portal_keys
from machines.models import DiskImage, Event, Machine
from machines.rules import NOT_NOW, WrongState, allowed, locked, why_not, wish
from machines.states import State, Wanted
from machines.verbs import Verb

MOST = 2  # of one machine
KEEPS_FROM = (State.RUNNING, State.SUSPENDED)
S = DiskImage.State

TOO_MANY = _("You have kept %(most)s moments of this machine already. Delete one of them first.")
ONE_AT_A_TIME = _("A moment is being kept just now. Wait until it is there.")
BEING_RESET = _("Its disk is being replaced just now. Wait until it runs again.")
NO_SUCH = _("There is no such moment any more.")
NOT_THERE_YET = _("This moment is still being kept. Wait until it is there.")
FAILED = _("This moment could not be kept, so nobody can go back to it. Delete it and keep another one.")
GOING_BACK = _("The machine is going back to this moment just now. Wait until it runs again.")


class TooMany(Refusal):
    """The machine has as many moments as it may."""

    status = 409
    code = "too_many_snapshots"


class NoSuchMoment(Refusal):
    """The machine has no moment of this number."""

    status = 404
    code = "not_found"


def of(machine: Machine) -> list[DiskImage]:
    """Return the moments of a machine, the oldest first."""
    return list(machine.copies.moments())


def find(machine: Machine, number: int) -> DiskImage:
    """Return the moment of this number. Raises NoSuchMoment."""
    found: DiskImage | None = machine.copies.moments().filter(number=number).first()
    if found is None:
        raise NoSuchMoment(NO_SUCH)
    return found


def why_not_keep(machine: Machine) -> Note | None:
    """Return why no moment of this machine can be kept now, whatever the quota says; None if one can."""
    if machine.wanted == Wanted.GONE:
        return Note(NOT_NOW[State.GONE if machine.state == State.GONE else State.DELETING])
    if machine.binned_at or machine.state not in KEEPS_FROM:
        return Note(NOT_NOW[State(machine.state)])
    if machine.wanted not in (Wanted.RUNNING, Wanted.SUSPENDED) or not machine.server_id:
        return Note(NOT_NOW[State(machine.state_on_the_way)])
    if machine.resets_asked != machine.resets_done:
        return Note(BEING_RESET)
    kept = of(machine)
    if any(moment.state == S.DUE for moment in kept):
        return Note(ONE_AT_A_TIME)
    return Note(TOO_MANY, {"most": MOST}) if len(kept) >= MOST else None


@transaction.atomic
def keep(*, machine: Machine, name: str, by: User) -> DiskImage:
    """Ask for a copy of the disk as it is now. Raises BadName, WrongState, TooMany, and OverQuota with the numbers."""
    quotas.actions.lock(machine.owner_id)
    machine = locked(machine)
    if why := why_not_keep(machine):
        raise (TooMany if why.text == TOO_MANY else WrongState)(why.text, why.args)
    title = clean_name(name)
    last = machine.copies.aggregate(last=Max("number"))["last"] or 0
    number = last + 1
    holder = moment_share.holder_of(machine.pk, number)
    quotas.actions.admit(user=machine.owner, size=moment_share.at_most(machine), holder=holder, by=by)
    moment: DiskImage = machine.copies.create(
        kind=DiskImage.Kind.MOMENT,
        name=f"minga-moment-{machine.pk}-{number}",
        server_id=machine.server_id,
        resets=machine.cloud_resets,
        portal_key=key.number if (key := portal_keys.of(machine)) else None,
        number=number,
        title=title,
    )
    note = Note(_("Asked to keep this moment as “%(title)s”."), {"title": title})
    machine.record(Event.Kind.WISHED, note, by=by, verb="keep_moment")
    doorbell.ring("machines.tasks.tend_copies")
    return moment


def why_not_restore(machine: Machine, moment: DiskImage) -> str:
    """Return why nobody can go back to this moment now; '' if one can."""
    if moment.state != S.READY:
        return NOT_THERE_YET if moment.state == S.DUE else FAILED
    if _is_being_made(machine):
        return ONE_AT_A_TIME
    if machine.resets_asked != machine.resets_done and machine.state != State.FAILED:
        return BEING_RESET
    return "" if Verb.RESET in allowed(machine) else why_not(machine, Verb.RESET)


@transaction.atomic
def restore(*, machine: Machine, number: int, by: User) -> Machine:
    """Ask to go back to a moment: what was changed since then is lost. Raises WrongState and NoSuchMoment."""
    quotas.actions.lock(machine.owner_id)
    machine = locked(machine)
    moment = find(machine, number)
    if sentence := why_not_restore(machine, moment):
        raise WrongState(sentence)
    why = Note(_("Asked to go back to “%(title)s”."), {"title": moment.title})
    machine = wish(machine, Verb.RESET, by, why, once="resets_asked")
    DiskImage.objects.filter(pk=moment.pk).update(restores=machine.resets_asked)
    return machine


@transaction.atomic
def delete(*, machine: Machine, number: int, by: User) -> None:
    """Delete a moment; a worker takes its image away. Raises WrongState while the machine goes back to it."""
    quotas.actions.lock(machine.owner_id)
    machine = locked(machine)
    moment = find(machine, number)
    if is_in_use(machine, moment):
        raise WrongState(GOING_BACK)
    facts = {"expires_at": timezone.now()}
    DiskImage.objects.filter(pk=moment.pk).update(**facts)
    # One that was being made is made no more: `due` becomes `failed`, unless it is ready by now.
    DiskImage.objects.filter(pk=moment.pk, state=S.DUE).update(state=S.FAILED)
    quotas.actions.free(holders=[moment_share.holder_of(machine.pk, number)])
    note = Note(_("Deleted the kept moment “%(title)s”."), {"title": moment.title})
    machine.record(Event.Kind.WISHED, note, by=by, verb="delete_moment")
    events.publish("machine", machine.pk)
    doorbell.ring("machines.tasks.tidy")


def is_in_use(machine: Machine, moment: DiskImage) -> bool:
    """Return whether the machine is going back to this moment."""
    return machine.resets_asked != machine.resets_done and moment.restores == machine.resets_asked


def _is_being_made(machine: Machine) -> bool:
    return machine.copies.moments().filter(state=S.DUE).exists()
