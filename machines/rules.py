"""Decide whether a verb makes sense for a machine now, say why not, and write the wish: what all verbs share."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.models import User
from lib import doorbell
from lib.notes import Note, Refusal
from machines import ended_subscriptions, refusals
from machines.models import Event, Machine
from machines.states import Repair, State, Wanted
from machines.verbs import FOR_ADMINS, TABLE, Verb, fitting

NOT_NOW = {
    State.NEW: _("It is not built yet. Wait until it runs, or delete it."),
    State.QUEUED: _("It is still waiting for room. Wait until it runs, or delete it."),
    State.BUILDING: _("It is still being built. Wait until it runs, or delete it."),
    State.RUNNING: _("It is running already."),
    State.SUSPENDING: _("It is going to sleep. Wake it first."),
    State.SUSPENDED: _("It is sleeping. Wake it first."),
    State.WAKING: _("It is still waking up. Try again in a moment."),
    State.SHELVING: _("It is being put away. Wake it first."),
    State.SHELVED: _("It is put away. Wake it first."),
    State.ARCHIVING: _("It is being archived. Restore it first."),
    State.ARCHIVED: _("It is archived. Restore it first."),
    State.DELETING: _("It is being deleted already."),
    State.GONE: _("It has been deleted already."),
    State.FAILED: _("It needs attention first: try again, or delete it."),
}


class WrongState(Refusal):
    """A verb that makes no sense for what the machine is now."""

    code = "wrong_state"


def allowed(machine: Machine) -> set[Verb]:
    """Return the verbs that make sense now, but for those of administrators.

    A wish may change on the way: the life cycle turns round at the next safe point.
    """
    if machine.wanted == Wanted.GONE:
        return {Verb.RETRY, Verb.DELETE} if machine.state == State.FAILED else set()  # its delete had failed
    if machine.binned_at or machine.wanted == Wanted.ARCHIVED:
        return _on_the_way_out(machine)
    verbs = {verb for verb in fitting(State(machine.state)) if TABLE[verb].wanted != machine.wanted}
    if machine.state == State.FAILED and machine.repair == Repair.USED_UP:
        verbs |= {Verb.RESET}  # nothing that keeps the disk has helped
    if machine.state == State.RUNNING and machine.wanted != Wanted.RUNNING:
        verbs = (verbs - {Verb.RESTART, Verb.RESET}) | {Verb.WAKE}
    return verbs | {Verb.RENAME, Verb.BIN, Verb.DELETE}


def offered(machine: Machine, *, to_admin: bool = False) -> set[Verb]:
    """Return the verbs that a page offers. Administrators are offered what seems hopeless, too: they may have mended why."""
    return allowed(machine) if to_admin else allowed(machine) - hopeless(machine)


def hopeless(machine: Machine) -> set[Verb]:
    """Return the verbs that a failed machine's state allows, and that cannot help, for all that is known of it.

    Nobody is refused them: see `offered`.
    """
    if machine.state != State.FAILED or machine.wanted == Wanted.GONE:
        return set()
    if machine.repair == Repair.LOST:
        return {Verb.RETRY, Verb.RESTORE, Verb.BIN}
    image, size = machine.template.image, machine.template.flavor
    verbs = {Verb.RESET} if image.missing else set()
    if machine.repair == Repair.USED_UP:
        verbs |= {Verb.BIN}  # an archive is made of a machine that starts
    is_new = machine.never_ran and (image.missing or size.missing or size.too_small_for(image) is not None)
    if is_new or (machine.archive_id and size.missing):
        verbs |= {Verb.RETRY, Verb.RESTORE}
    return verbs


def allowed_to_admins(machine: Machine) -> set[Verb]:
    """Return the verbs that only administrators may ask for, and that make sense now."""
    is_steady = machine.state == State.FAILED or (machine.state == State.RUNNING and machine.is_settled)
    is_kept = machine.wanted != Wanted.GONE and machine.binned_at is None and bool(machine.server_id)
    return set(FOR_ADMINS) if is_steady and is_kept and machine.ready_at else set()


def _on_the_way_out(machine: Machine) -> set[Verb]:
    """Return the verbs of a machine that is archived, on its way there, or in the bin: it can come back, or go for good."""
    again = {Verb.RETRY} if machine.state == State.FAILED else set()
    rest = set() if machine.binned_at else {Verb.RENAME, Verb.BIN}
    return {Verb.RESTORE, Verb.DELETE} | again | rest


def why_not(machine: Machine, verb: Verb) -> str:
    """Return the sentence that says why the verb makes no sense now."""
    if machine.wanted == Wanted.GONE:
        return NOT_NOW[State.GONE if machine.state == State.GONE else State.DELETING]
    if machine.binned_at:
        return _("It is in the recycle bin. Restore it first.")
    if verb == Verb.RETRY:
        return _("There is nothing to try again: nothing has failed.")
    if verb in FOR_ADMINS and machine.state == State.RUNNING:
        return _("It is at something else just now. Try again in a moment.")
    is_already = TABLE[verb].wanted == machine.wanted
    return (TABLE[verb].already if is_already else "") or NOT_NOW[State(machine.state)]


def require(machine: Machine, verb: Verb) -> None:
    """Raise WrongState, with the sentence that says why, unless the verb makes sense now."""
    if verb not in allowed(machine) | allowed_to_admins(machine):
        raise WrongState(why_not(machine, verb))


@transaction.atomic
def wish(
    machine: Machine, verb: Verb, by: User | None, why: Note | None = None, *, once: str = "", **changes: Any
) -> Machine:
    """Check a wish and write it. once: the column that counts how often this was asked. Raises WrongState and SubscriptionEnded."""
    has_ended = ended_subscriptions.lock(machine, verb)  # the Allowance comes before the machine
    machine = locked(machine)
    require(machine, verb)
    if has_ended:
        ended_subscriptions.require_room(machine, verb, by)
    if once:
        changes[once] = getattr(machine, once) + 1
    if machine.state == State.FAILED:
        changes["retry_at"] = timezone.now()
    if verb == Verb.RESET:
        changes["wanted"] = Wanted.RUNNING
    return write_wish(machine, verb, by, why, changes)


def write_wish(machine: Machine, verb: Verb, by: User | None, why: Note | None, changes: dict[str, Any]) -> Machine:
    """Write a wish that was checked, in the transaction in which the row was locked.

    An earlier refusal of the same by the cloud is out of date from here on.
    """
    if machine.refused and machine.refused == (TABLE[verb].refused_as or verb):
        changes = {**changes, **refusals.SEEN}
    Machine.objects.filter(pk=machine.pk).update(**changes)
    for name, value in changes.items():
        setattr(machine, name, value)
    machine.record(Event.Kind.WISHED, why or Note(TABLE[verb].said), by=by, verb=verb)
    doorbell.ring("machines.tasks.advance", machine.pk)
    return machine


def locked(machine: Machine) -> Machine:
    """Read the row again and lock it until the transaction ends (a step holds no lock over a call of the cloud)."""
    return Machine.objects.select_for_update(of=("self",)).with_parts().get(pk=machine.pk)
