"""The verbs: what people may wish of a machine. Each is one short transaction that checks and writes the wish."""

import logging
import secrets
from typing import Any, cast
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

import quotas.actions
import tunnels.actions
from accounts.models import User
from cloud.contract import Cloud
from courses.models import Template
from lib import doorbell, logs
from lib.claims import claimed
from lib.names import clean_name
from lib.notes import Note, Refusal
from lib.states import LostRace
from machines import lifecycle
from machines.models import Event, Machine, Watch
from machines.offers import never_fits, size_of
from machines.states import State, Wanted
from quotas.actions import Size
from tunnels.models import Scheme, Service, Tunnel

log = logging.getLogger(__name__)

# Which verbs make sense in a state. A wish may change on the way: the life cycle turns round at the next safe point.
_RUNNING = {"suspend", "shelve", "restart", "reset", "open_port"}
_VERBS: dict[State, set[str]] = {
    State.NEW: set(),
    State.QUEUED: set(),
    State.BUILDING: {"suspend", "shelve"},
    State.RUNNING: _RUNNING,
    State.SUSPENDING: {"wake", "shelve"},
    State.SUSPENDED: {"wake", "shelve"},
    State.WAKING: {"suspend", "shelve"},
    State.SHELVING: {"wake"},
    State.SHELVED: {"wake"},
    State.DELETING: set(),
    State.GONE: set(),
    State.FAILED: {"retry", "reset"},
}
_ASKED = {
    "suspend": _("Asked to sleep."),
    "wake": _("Asked to wake up."),
    "shelve": _("Asked to be put away."),
    "restart": _("Asked to restart."),
    "reset": _("Asked to start again from its template."),
    "retry": _("Asked to try again."),
    "delete": _("Asked to be deleted."),
}
_NOT_NOW = {
    State.NEW: _("It is not built yet. Wait until it runs, or delete it."),
    State.QUEUED: _("It is still waiting for room. Wait until it runs, or delete it."),
    State.BUILDING: _("It is still being built. Wait until it runs, or delete it."),
    State.RUNNING: _("It is running already."),
    State.SUSPENDING: _("It is going to sleep. Wake it first."),
    State.SUSPENDED: _("It is sleeping. Wake it first."),
    State.WAKING: _("It is still waking up. Try again in a moment."),
    State.SHELVING: _("It is being put away. Wake it first."),
    State.SHELVED: _("It is put away. Wake it first."),
    State.DELETING: _("It is being deleted already."),
    State.GONE: _("It has been deleted already."),
    State.FAILED: _("It needs attention first: try again, or delete it."),
}


_ALREADY = {
    ("wake", Wanted.RUNNING): _("It is waking up or running already."),
    ("suspend", Wanted.SUSPENDED): _("It is going to sleep or sleeping already."),
    ("shelve", Wanted.SHELVED): _("It is being put away already."),
}


class WrongState(Refusal):
    """The wish makes no sense for what the machine is now."""

    code = "wrong_state"


class NoTemplate(Refusal):
    status = 400
    code = "unknown_template"


class TooBig(Refusal):
    code = "too_big"


@transaction.atomic
def launch(*, owner: User, template: Template | None, name: str, by: User) -> Machine:
    """A new machine for `owner`, its share of the quota and its ports; it is built afterwards. Raises Refusal."""
    if template is None or not template.published or template.retired_at or not template.is_usable:
        raise NoTemplate(_("There is no such template, or it is no longer offered. Choose one from the launch page."))
    name = clean_name(name if name.strip() else template.title)
    if why_not := never_fits(template, Watch.the_one().room):
        raise TooBig(why_not.text, why_not.args)
    pk = uuid4()
    quotas.actions.admit(user=owner, size=size_of(template), holder=pk, by=by)
    has_screen = any(s.scheme == "vnc" for s in template.service_list)
    password = secrets.token_urlsafe(6) if has_screen else ""  # 8 characters: the most that VNC looks at
    machine = Machine.objects.create(pk=pk, owner=owner, template=template, name=name, vnc_password=password)
    services = [Service(s.name, s.port, cast("Scheme", s.scheme)) for s in template.service_list]
    tunnels.actions.reserve(holder=pk, owner=owner, services=services, by=by)
    machine.record(
        Event.Kind.WISHED,
        Note(_("Launched from “%(template)s”."), {"template": {"en": template.name, "es": template.name_es}}),
        by=by,
    )
    doorbell.ring("machines.tasks.advance", pk, slow=True)
    return machine


def suspend(*, machine: Machine, by: User) -> Machine:
    """Sleep: memory kept, ports closed."""
    return _wish(machine, "suspend", by, wanted=Wanted.SUSPENDED)


def wake(*, machine: Machine, by: User) -> Machine:
    """From sleeping or put away back to running, on the same ports."""
    return _wish(machine, "wake", by, wanted=Wanted.RUNNING)


def shelve(*, machine: Machine, by: User) -> Machine:
    """Put away: the disk is kept, the host is freed; memory is not kept."""
    return _wish(machine, "shelve", by, wanted=Wanted.SHELVED)


def restart(*, machine: Machine, by: User) -> Machine:
    return _wish(machine, "restart", by, once="restarts_asked")


def reset(*, machine: Machine, by: User) -> Machine:
    """Back to the template's disk: everything in it is lost; name and ports stay."""
    return _wish(machine, "reset", by, once="resets_asked")


def retry(*, machine: Machine, by: User) -> Machine:
    """After a failure: try for the same wish again."""
    return _wish(machine, "retry", by, retry_at=timezone.now(), attempts=0, unheard=0)


@transaction.atomic
def delete(*, machine: Machine, by: User) -> Machine:
    """For good: ports closed at once, quota given back when the cloud has done it."""
    machine = _locked(machine)
    if machine.wanted == Wanted.GONE and machine.state != State.FAILED:
        raise WrongState(_NOT_NOW[State.GONE if machine.state == State.GONE else State.DELETING])
    tunnels.actions.release(holder=machine.pk)
    return _write_wish(
        machine, "delete", by, {"wanted": Wanted.GONE, "retry_at": timezone.now(), "attempts": 0, "unheard": 0}
    )


@transaction.atomic
def rename(*, machine: Machine, name: str, by: User) -> Machine:
    """Its name, here at once and on the cloud with its next step; ports, address and server stay."""
    machine = _locked(machine)
    if machine.wanted == Wanted.GONE:
        raise WrongState(_NOT_NOW[State.DELETING])
    name = clean_name(name)
    if name != machine.name:
        machine.record(
            Event.Kind.WISHED,
            Note(_("Renamed from “%(old)s” to “%(new)s”."), {"old": machine.name, "new": name}),
            by=by,
        )
        machine.name, machine.names_asked = name, machine.names_asked + 1
        Machine.objects.filter(pk=machine.pk).update(name=name, names_asked=machine.names_asked)
        doorbell.ring("machines.tasks.advance", machine.pk)
    return machine


@transaction.atomic
def open_port(*, machine: Machine, port: int, by: User, scheme: Scheme = "tcp", allow: tuple[str, ...] = ()) -> Tunnel:
    """A public port for one more TCP port (1-65535) of the guest. Raises Refusal when the quota or the state forbids it."""
    quotas.actions.lock(machine.owner)
    machine = _locked(machine)
    if "open_port" not in allowed(machine):
        raise WrongState(_why_not(machine, "open_port"))
    tunnel = tunnels.actions.open_one(
        holder=machine.pk, owner=machine.owner, port=port, scheme=scheme, allow=allow, by=by
    )
    quotas.actions.admit(user=machine.owner, size=Size(ports=1), holder=tunnel.pk, by=by)
    _ask_for_ports(machine, Note(_("Port %(port)s opened."), {"port": port}), by)
    return tunnel


@transaction.atomic
def close_port(*, machine: Machine, tunnel_id: UUID, by: User) -> None:
    """Close a port that was opened by hand and give it back. A template's own ports stay."""
    machine = _locked(machine)
    tunnel = Tunnel.objects.of(machine.pk).kept().filter(pk=tunnel_id).first()
    if tunnel is None:
        raise Refusal(_("This port is closed already."), code="not_open", status=404)
    if not tunnel.extra:
        raise Refusal(
            _("This port belongs to the template and stays as long as the machine does."), code="template_port"
        )
    tunnels.actions.release_one(tunnel_id=tunnel.pk, by=by)
    quotas.actions.free(holders=[tunnel.pk])
    _ask_for_ports(machine, Note(_("Port %(port)s closed."), {"port": tunnel.target_port}), by)


def allowed(machine: Machine) -> set[str]:
    """The verbs that make sense now: suspend wake shelve restart reset retry open_port rename delete."""
    if machine.wanted == Wanted.GONE:
        return {"retry", "delete"} if machine.state == State.FAILED else set()  # its delete had failed
    turns_to = {"suspend": Wanted.SUSPENDED, "shelve": Wanted.SHELVED, "wake": Wanted.RUNNING}
    verbs = {v for v in _VERBS[State(machine.state)] if turns_to.get(v) != machine.wanted}
    if machine.state == State.RUNNING and machine.wanted != Wanted.RUNNING:
        verbs = (verbs - {"restart", "reset"}) | {"wake"}
    return verbs | {"rename", "delete"}


def step(pk: UUID | str, cloud: Cloud) -> None:
    """One step of one machine under a claim; rings again at once when there is more to do."""
    with logs.about(machine=pk):
        _step(pk, cloud)


def _step(pk: UUID | str, cloud: Cloud) -> None:
    with claimed(Machine.objects.alive(), pk, settings.CLAIM_SECONDS) as machine:
        if machine is None or machine.is_settled:
            return
        before = machine.state
        try:
            more = lifecycle.advance(machine, cloud)
        except LostRace:
            more = True
        if machine.state != before:
            log.info("moved: %s -> %s", before, machine.state)
    if more:
        doorbell.ring("machines.tasks.advance", pk)


@transaction.atomic
def _wish(machine: Machine, verb: str, by: User, *, once: str = "", **changes: Any) -> Machine:
    machine = _locked(machine)
    if verb not in allowed(machine):
        raise WrongState(_why_not(machine, verb))
    if once:
        changes[once] = getattr(machine, once) + 1
    if machine.state == State.FAILED:
        changes["retry_at"] = timezone.now()
    if verb == "reset":
        changes["wanted"] = Wanted.RUNNING
    return _write_wish(machine, verb, by, changes)


def _write_wish(machine: Machine, verb: str, by: User, changes: dict[str, Any]) -> Machine:
    Machine.objects.filter(pk=machine.pk).update(**changes)
    for name, value in changes.items():
        setattr(machine, name, value)
    machine.record(Event.Kind.WISHED, Note(_ASKED[verb]), by=by)
    doorbell.ring("machines.tasks.advance", machine.pk)
    return machine


def _locked(machine: Machine) -> Machine:
    """The row as it is now, held until the transaction ends (a step holds none over a call of the cloud)."""
    return Machine.objects.select_for_update(of=("self",)).with_parts().get(pk=machine.pk)


def _why_not(machine: Machine, verb: str) -> str:
    if machine.wanted == Wanted.GONE:
        return _NOT_NOW[State.GONE if machine.state == State.GONE else State.DELETING]
    if verb == "retry":
        return _("There is nothing to try again: nothing has failed.")
    return _ALREADY.get((verb, Wanted(machine.wanted))) or _NOT_NOW[State(machine.state)]


def _ask_for_ports(machine: Machine, note: Note, by: User) -> None:
    Machine.objects.filter(pk=machine.pk).update(ports_asked=machine.ports_asked + 1)
    machine.record(Event.Kind.WISHED, note, by=by)
    doorbell.ring("machines.tasks.advance", machine.pk)
