"""Which wish makes sense when, the sentence when it does not, and how one is written: what all verbs share."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.models import User
from lib import doorbell
from lib.notes import Note, Refusal
from machines import refusals
from machines.models import Event, Machine
from machines.states import Repair, State, Wanted

# Which verbs make sense in a state. A wish may change on the way: the life cycle turns round at the next safe point.
_RUNNING = {"suspend", "shelve", "archive", "restart", "reset", "open_port"}
_VERBS: dict[State, set[str]] = {
    State.NEW: set(),
    State.QUEUED: set(),
    State.BUILDING: {"suspend", "shelve"},
    State.RUNNING: _RUNNING,
    State.SUSPENDING: {"wake", "shelve"},
    State.SUSPENDED: {"wake", "shelve", "archive"},
    State.WAKING: {"suspend", "shelve"},
    State.SHELVING: {"wake"},
    State.SHELVED: {"wake", "archive"},
    State.ARCHIVING: set(),
    State.ARCHIVED: set(),
    State.DELETING: set(),
    State.GONE: set(),
    State.FAILED: {"retry"},  # and a reset, when nothing that keeps the disk has helped
}
_ASKED = {
    "suspend": _("Asked to sleep."),
    "wake": _("Asked to wake up."),
    "shelve": _("Asked to be put away."),
    "restart": _("Asked to restart."),
    "reset": _("Asked to start again from its template."),
    "retry": _("Asked to try again."),
    "rescue": _("An administrator asked for a rescue."),
    "move": _("An administrator asked to move it to another computer of the cluster."),
    "archive": _("Asked to be archived."),
    "restore": _("Asked to be restored."),
    "bin": _("Put into the recycle bin."),
    "delete": _("Asked to be deleted."),
}
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


_ALREADY = {
    ("wake", Wanted.RUNNING): _("It is waking up or running already."),
    ("suspend", Wanted.SUSPENDED): _("It is going to sleep or sleeping already."),
    ("shelve", Wanted.SHELVED): _("It is being put away already."),
    ("archive", Wanted.ARCHIVED): _("It is being archived or archived already."),
    ("restore", Wanted.RUNNING): _("It is being restored or running already."),
}
_REFUSED_AS = {"bin": "archive"}


class WrongState(Refusal):
    """The wish makes no sense for what the machine is now."""

    code = "wrong_state"


def allowed(machine: Machine) -> set[str]:
    """The verbs that make sense now: suspend wake shelve archive restore restart reset retry open_port rename bin delete."""
    if machine.wanted == Wanted.GONE:
        return {"retry", "delete"} if machine.state == State.FAILED else set()  # its delete had failed
    if machine.binned_at or machine.wanted == Wanted.ARCHIVED:
        return _on_the_way_out(machine)
    turns_to = {
        "suspend": Wanted.SUSPENDED, "shelve": Wanted.SHELVED, "wake": Wanted.RUNNING, "archive": Wanted.ARCHIVED,
    }  # fmt: skip
    verbs = {v for v in _VERBS[State(machine.state)] if turns_to.get(v) != machine.wanted}
    if machine.state == State.FAILED and machine.repair == Repair.USED_UP:
        verbs |= {"reset"}
    if machine.state == State.RUNNING and machine.wanted != Wanted.RUNNING:
        verbs = (verbs - {"restart", "reset"}) | {"wake"}
    return verbs | {"rename", "bin", "delete"}


def allowed_to_admins(machine: Machine) -> set[str]:
    """The verbs that only administrators may ask for, and that make sense now: rescue move."""
    is_steady = machine.state == State.FAILED or (machine.state == State.RUNNING and machine.is_settled)
    is_kept = machine.wanted != Wanted.GONE and machine.binned_at is None and bool(machine.server_id)
    return {"rescue", "move"} if is_steady and is_kept and machine.ready_at else set()


def _on_the_way_out(machine: Machine) -> set[str]:
    """To its archive, or there, or in the bin: it can come back, or go for good."""
    again = {"retry"} if machine.state == State.FAILED else set()
    rest = set() if machine.binned_at else {"rename", "bin"}
    return {"restore", "delete"} | again | rest


def why_not(machine: Machine, verb: str) -> str:
    if machine.wanted == Wanted.GONE:
        return NOT_NOW[State.GONE if machine.state == State.GONE else State.DELETING]
    if machine.binned_at:
        return _("It is in the recycle bin. Restore it first.")
    if verb == "retry":
        return _("There is nothing to try again: nothing has failed.")
    return _ALREADY.get((verb, Wanted(machine.wanted))) or NOT_NOW[State(machine.state)]


@transaction.atomic
def wish(
    machine: Machine, verb: str, by: User | None, why: Note | None = None, *, once: str = "", **changes: Any
) -> Machine:
    machine = locked(machine)
    if verb not in allowed(machine) | allowed_to_admins(machine):
        raise WrongState(why_not(machine, verb))
    if once:
        changes[once] = getattr(machine, once) + 1
    if machine.state == State.FAILED:
        changes["retry_at"] = timezone.now()
    if verb == "reset":
        changes["wanted"] = Wanted.RUNNING
    return write_wish(machine, verb, by, why, changes)


def write_wish(machine: Machine, verb: str, by: User | None, why: Note | None, changes: dict[str, Any]) -> Machine:
    """In the transaction in which the row was locked. A refusal of the same is out of date from here on."""
    if machine.refused and machine.refused == _REFUSED_AS.get(verb, verb):
        changes = {**changes, **refusals.SEEN}
    Machine.objects.filter(pk=machine.pk).update(**changes)
    for name, value in changes.items():
        setattr(machine, name, value)
    machine.record(Event.Kind.WISHED, why or Note(_ASKED[verb]), by=by)
    doorbell.ring("machines.tasks.advance", machine.pk)
    return machine


def locked(machine: Machine) -> Machine:
    """The row as it is now, held until the transaction ends (a step holds none over a call of the cloud)."""
    return Machine.objects.select_for_update(of=("self",)).with_parts().get(pk=machine.pk)
