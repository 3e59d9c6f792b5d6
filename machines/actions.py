"""The verbs: what people may wish of a machine. Each is one short transaction that checks and writes the wish.

They raise WrongState where they make no sense now (machines.rules). `by` None: the site itself acts, and `why` is the line of history.
"""

import logging
import secrets
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

import quotas.actions
import tunnels.actions
from accounts.models import User
from courses.models import Template
from lib import doorbell
from lib.measures import Size
from lib.names import clean_name
from lib.notes import Note, Refusal
from lib.schemes import SCREEN_PORT, Scheme
from machines import archive_share, ended_subscriptions, machine_names, refusals
from machines.capacity import never_fits, size_of
from machines.models import CloudWatch, Event, Machine
from machines.rules import WrongState, allowed, locked, require, why_not, wish, write_wish
from machines.states import Repair, Setup, State, Wanted
from machines.verbs import Verb
from tunnels.models import Tunnel

log = logging.getLogger(__name__)

__all__ = [
    "ACTIONS", "CannotWork", "NoTemplate", "TooBig", "WrongState", "allowed", "archive", "bin", "close_port", "delete", "dismiss", "launch", "move",
    "open_port", "rename", "rescue", "reset", "restart", "restore", "retry", "shelve", "suspend", "wake",
]  # fmt: skip


class NoTemplate(Refusal):
    """No template was named, or none that is offered."""

    status = 400
    code = "unknown_template"


class CannotWork(Refusal):
    """The cloud lacks what its template is made of, or the size is too small for the system."""

    code = "template_cannot_work"


class TooBig(Refusal):
    """No computer of the cluster is big enough for the template."""

    code = "too_big"


@transaction.atomic
def launch(*, owner: User, template: Template | None, name: str, by: User) -> Machine:
    """Create a machine for `owner`, reserve its share of the quota and its ports; a worker builds it afterwards.

    Raises NoTemplate, CannotWork, TooBig, OverQuota, BadName, NameTaken, and what tunnels.actions.reserve raises.
    """
    if template is None or not template.published or template.retired_at:
        raise NoTemplate(_("There is no such template, or it is no longer offered. Choose one from the launch page."))
    if lacks := template.lacks:
        raise CannotWork(lacks.text, lacks.args)
    watch = CloudWatch.get_solo()
    if too_big := never_fits(template, watch.room):
        raise TooBig(too_big.text, too_big.args)
    quotas.actions.lock(owner)
    name = machine_names.for_new(owner.pk, name, otherwise=template.title)
    pk = uuid4()
    quotas.actions.admit(user=owner, size=size_of(template), holder=pk, by=by, is_new=True)
    # A VNC server within a guest, at another port or on OpenStack, has a password of its own.
    has_screen = watch.serves_screens and any((s.scheme, s.port) == ("vnc", SCREEN_PORT) for s in template.service_list)
    password = secrets.token_urlsafe(6) if has_screen else ""  # 8 characters: the most that VNC looks at
    facts = {"vnc_password": password, "enqueued_at": timezone.now(), **machine_names.columns(name)}
    machine = Machine.objects.create(pk=pk, owner=owner, template=template, **facts)
    tunnels.actions.reserve(holder=pk, owner=owner, services=template.service_list, by=by)
    machine.record(
        Event.Kind.WISHED,
        Note(_("Launched from “%(template)s”."), {"template": {"en": template.name, "es": template.name_es}}),
        by=by,
    )
    doorbell.ring("machines.tasks.advance", pk, slow=True)
    return machine


def suspend(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """Put a machine to sleep: memory is kept where the image can, ports close."""
    return wish(machine, Verb.SUSPEND, by, why, wanted=Wanted.SUSPENDED)


def wake(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """Wake a machine that sleeps or was put away, on the same ports."""
    used: dict[str, Any] = {"used_at": timezone.now()} if by else {}
    return wish(machine, Verb.WAKE, by, why, wanted=Wanted.RUNNING, **used)


def shelve(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """Put a machine away: the disk is kept, the host is freed; memory is not kept."""
    return wish(machine, Verb.SHELVE, by, why, wanted=Wanted.SHELVED)


def restart(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """Restart the system of a machine that runs; its memory is lost."""
    return wish(machine, Verb.RESTART, by, why, once="restarts_asked")


def reset(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """Reset a machine to the template's disk: everything in it is lost; name and ports stay."""
    return wish(machine, Verb.RESET, by, why, once="resets_asked")


def retry(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """Try again for the wish that failed, from the gentlest means on. Only a reset that was asked for and failed loses the disk."""
    fresh: dict[str, Any] = {"attempts": 0, "cloud_errors": 0, "builds_failed": 0, "repair": Repair.NONE}
    return wish(machine, Verb.RETRY, by, why, retry_at=timezone.now(), **fresh)


def rescue(*, machine: Machine, by: User, why: Note | None = None) -> Machine:
    """Start a machine from the cloud's rescue image, its own disk beside; *retry* leads back. For administrators."""
    return wish(machine, Verb.RESCUE, by, why, once="rescues_asked")


def move(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """Switch a machine off and move its disk to another computer of the cluster (cold migration)."""
    return wish(machine, Verb.MOVE, by, why, once="moves_asked")


@transaction.atomic
def dismiss(*, machine: Machine, by: User, refusal: bool = True, setup: bool = True, vanished: bool = True) -> Machine:
    """Put away what the cloud refused, how its first boot failed, and that it vanished: somebody has read it. Twice is once."""
    machine = locked(machine)
    seen: dict[str, Any] = {}
    if refusal and machine.refused:
        seen |= refusals.SEEN
    if setup and has_failed_setup(machine):
        seen |= {"setup_seen": True}
    if vanished and machine.is_missed:
        seen |= {"dismissed_at": timezone.now()}
    if not seen:
        return machine
    Machine.objects.filter(pk=machine.pk).update(**seen)
    machine.audit("dismiss", by=by, detail={"dismissed": sorted(seen)})
    for name, value in seen.items():
        setattr(machine, name, value)
    return machine


@transaction.atomic
def rename(*, machine: Machine, name: str, by: User) -> Machine:
    """Rename a machine, here at once and on the cloud with its next step; ports, address and server stay. Raises BadName and NameTaken."""
    quotas.actions.lock(machine.owner_id)
    machine = locked(machine)
    if machine.wanted == Wanted.GONE:
        raise WrongState(why_not(machine, Verb.RENAME))
    name = clean_name(name)
    machine_names.require_free(machine.owner_id, name, but=machine)
    if name != machine.name:
        machine.record(
            Event.Kind.WISHED,
            Note(_("Renamed from “%(old)s” to “%(new)s”."), {"old": machine.name, "new": name}),
            by=by,
            verb=Verb.RENAME,
        )
        machine.name, machine.names_asked = name, machine.names_asked + 1
        Machine.objects.filter(pk=machine.pk).update(**machine_names.columns(name), names_asked=machine.names_asked)
        doorbell.ring("machines.tasks.advance", machine.pk)
    return machine


@transaction.atomic
def open_port(*, machine: Machine, port: int, by: User, scheme: Scheme = "tcp", allow: tuple[str, ...] = ()) -> Tunnel:
    """Open a public port for one more TCP port (1-65535) of the guest, which counts in the quota. Raises OverQuota, and as tunnels.actions.open_one."""
    quotas.actions.lock(machine.owner_id)
    machine = locked(machine)
    require(machine, Verb.OPEN_PORT)
    tunnel = tunnels.actions.open_one(
        holder=machine.pk, owner=machine.owner, port=port, scheme=scheme, allow=allow, by=by
    )
    quotas.actions.admit(user=machine.owner, size=Size(ports=1), holder=tunnel.pk, by=by)
    _ask_for_ports(machine, Note(_("Port %(port)s opened."), {"port": port}), by, Verb.OPEN_PORT)
    return tunnel


@transaction.atomic
def close_port(*, machine: Machine, tunnel_id: UUID, by: User) -> None:
    """Close a port that was opened by hand and give it back. Raises Refusal for one that is closed, or the template's own."""
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
    _ask_for_ports(machine, Note(_("Port %(port)s closed."), {"port": tunnel.target_port}), by, "close_port")


@transaction.atomic
def archive(*, machine: Machine, by: User | None, why: Note | None = None, by_rule: bool | None = None) -> Machine:
    """Make an image of the disk, then give back the server and its share of the quota; name and ports stay.

    by_rule: it follows from the idle rules, so a full quota of archives does not refuse it; by default where nobody asks for it.
    Raises OverQuota with the numbers.
    """
    quotas.actions.lock(machine.owner_id)
    machine = locked(machine)
    require(machine, Verb.ARCHIVE)
    archive_share.admit(machine, by, by_rule=by is None if by_rule is None else by_rule)
    return _leave(machine, Verb.ARCHIVE, by, why)


@transaction.atomic
def bin(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """Do what an owner calls deleting: archive the machine and keep it for some days. What never ran is deleted at once.

    Raises OverQuota with the numbers where there is no room for its archive.
    """
    quotas.actions.lock(machine.owner_id)
    machine = locked(machine)
    require(machine, Verb.BIN)
    if machine.never_ran:
        return delete(machine=machine, by=by, why=why)
    archive_share.admit(machine, by, by_rule=by is None)
    tunnels.actions.close_all(holder=machine.pk)
    return _leave(machine, Verb.BIN, by, why, binned_at=timezone.now())


@transaction.atomic
def restore(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """Bring a machine back from the bin or the archive, running. Raises SubscriptionEnded, and OverQuota with the numbers."""
    quotas.actions.lock(machine.owner_id)
    machine = locked(machine)
    require(machine, Verb.RESTORE)
    ended_subscriptions.require_room(machine, Verb.RESTORE, by)
    _admit_again(machine, by)
    now = timezone.now()
    back = {"wanted": Wanted.RUNNING, "binned_at": None, "used_at": now}
    return write_wish(machine, Verb.RESTORE, by, why, {**back, **_at_once(machine)})


@transaction.atomic
def delete(*, machine: Machine, by: User | None, why: Note | None = None) -> Machine:
    """Delete for good: close the ports at once, give the quota back when the cloud has deleted the server."""
    machine = locked(machine)
    if machine.wanted == Wanted.GONE and machine.state != State.FAILED:
        raise WrongState(why_not(machine, Verb.DELETE))
    tunnels.actions.release(holder=machine.pk)
    gone = {"wanted": Wanted.GONE, "retry_at": timezone.now(), "attempts": 0, "cloud_errors": 0}
    return write_wish(machine, Verb.DELETE, by, why, gone)


def has_failed_setup(machine: Machine) -> bool:
    """Say whether the setup of the first boot (cloud-init) failed, or was still running when it was last looked at."""
    return machine.setup in (Setup.FAILED, Setup.OVERDUE)


def _ask_for_ports(machine: Machine, note: Note, by: User, verb: str) -> None:
    Machine.objects.filter(pk=machine.pk).update(ports_asked=machine.ports_asked + 1)
    machine.record(Event.Kind.WISHED, note, by=by, verb=verb)
    doorbell.ring("machines.tasks.advance", machine.pk)


def _leave(machine: Machine, verb: Verb, by: User | None, why: Note | None, **changes: Any) -> Machine:
    if machine.state == State.ARCHIVED:
        archive_share.keep_ports_only(machine)  # it was asked back, and no step was taken yet
    return write_wish(machine, verb, by, why, {"wanted": Wanted.ARCHIVED, **changes, **_at_once(machine)})


def _at_once(machine: Machine) -> dict[str, Any]:
    """Return the columns that make a failed machine due now; none for others."""
    again = {"retry_at": timezone.now(), "attempts": 0, "cloud_errors": 0}
    return again if machine.state == State.FAILED else {}


def _admit_again(machine: Machine, by: User | None) -> None:
    """Take again what the machine gave back when it was archived. An older version of Minga gave back ports as well."""
    archive_share.admit_again(machine, by)
    for port in archive_share.extra_ports(machine):
        if not quotas.actions.open_share(port):
            quotas.actions.admit(user=machine.owner, size=Size(ports=1), holder=port, by=by or machine.owner)


# Verbs that need nothing but the machine and who asks. To open a port and to rename need more.
ACTIONS: dict[Verb, Callable[..., Machine]] = {
    Verb.RETRY: retry, Verb.RESTORE: restore, Verb.WAKE: wake, Verb.SUSPEND: suspend, Verb.SHELVE: shelve, Verb.ARCHIVE: archive,
    Verb.RESTART: restart, Verb.RESET: reset, Verb.DELETE: delete, Verb.BIN: bin, Verb.RESCUE: rescue, Verb.MOVE: move,
}  # fmt: skip
