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
from machines.bin import archive, bin, delete, restore
from machines.models import Event, Machine, Watch
from machines.offers import never_fits, size_of
from machines.states import Repair, State, Wanted
from machines.wishes import NOT_NOW, WrongState, allowed, locked, why_not, wish
from quotas.actions import Size
from tunnels.models import Scheme, Service, Tunnel

log = logging.getLogger(__name__)

__all__ = [
    "NoTemplate", "TooBig", "WrongState", "allowed", "archive", "bin", "close_port", "delete", "launch", "move", "open_port", "rename",
    "rescue", "reset", "restart", "restore", "retry", "shelve", "step", "suspend", "wake",
]  # fmt: skip


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
    if too_big := never_fits(template, Watch.the_one().room):
        raise TooBig(too_big.text, too_big.args)
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


def suspend(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """Sleep: memory kept where the image can, ports closed. `by` None: the site itself, and `why` says why."""
    return wish(machine, "suspend", by, why, wanted=Wanted.SUSPENDED)


def wake(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """From sleeping or put away back to running, on the same ports."""
    used: dict[str, Any] = {"used_at": timezone.now()} if by else {}
    return wish(machine, "wake", by, why, wanted=Wanted.RUNNING, **used)


def shelve(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """Put away: the disk is kept, the host is freed; memory is not kept."""
    return wish(machine, "shelve", by, why, wanted=Wanted.SHELVED)


def restart(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    return wish(machine, "restart", by, why, once="restarts_asked")


def reset(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """Back to the template's disk: everything in it is lost; name and ports stay."""
    return wish(machine, "reset", by, why, once="resets_asked")


def retry(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """After a failure: try for the same wish again, from the gentlest means on. Never loses what is on its disk."""
    anew: dict[str, Any] = {"attempts": 0, "unheard": 0, "builds_failed": 0, "repair": Repair.NONE}
    return wish(machine, "retry", by, why, retry_at=timezone.now(), **anew)


def rescue(*, machine: Machine, by: User, why: Note | None = None) -> Machine:
    """Start it from the cloud's rescue image, its own disk beside; *retry* leads back. For administrators."""
    _admins_only(by)
    return wish(machine, "rescue", by, why, once="rescues_asked")


def move(*, machine: Machine, by: User, why: Note | None = None) -> Machine:
    """Switch it off and move its disk to another computer of the cluster (cold migration). For administrators."""
    _admins_only(by)
    return wish(machine, "move", by, why, once="moves_asked")


@transaction.atomic
def rename(*, machine: Machine, name: str, by: User) -> Machine:
    """Its name, here at once and on the cloud with its next step; ports, address and server stay."""
    machine = locked(machine)
    if machine.wanted == Wanted.GONE:
        raise WrongState(NOT_NOW[State.DELETING])
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
    machine = locked(machine)
    if "open_port" not in allowed(machine):
        raise WrongState(why_not(machine, "open_port"))
    tunnel = tunnels.actions.open_one(
        holder=machine.pk, owner=machine.owner, port=port, scheme=scheme, allow=allow, by=by
    )
    quotas.actions.admit(user=machine.owner, size=Size(ports=1), holder=tunnel.pk, by=by)
    _ask_for_ports(machine, Note(_("Port %(port)s opened."), {"port": port}), by)
    return tunnel


@transaction.atomic
def close_port(*, machine: Machine, tunnel_id: UUID, by: User) -> None:
    """Close a port that was opened by hand and give it back. A template's own ports stay."""
    machine = locked(machine)
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


def _admins_only(by: User) -> None:
    if not by.is_admin:
        raise Refusal(_("Only administrators may do this."), code="forbidden", status=403)


def _ask_for_ports(machine: Machine, note: Note, by: User) -> None:
    Machine.objects.filter(pk=machine.pk).update(ports_asked=machine.ports_asked + 1)
    machine.record(Event.Kind.WISHED, note, by=by)
    doorbell.ring("machines.tasks.advance", machine.pk)
