"""Give an existing server of the cluster to a person: from then on it is a machine like any other."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

import quotas.actions
import quotas.backstop
import tunnels.actions
from accounts import emails
from accounts.audit import trail
from accounts.models import User
from cloud.contract import Status
from courses.models import Template
from lib import doorbell
from lib.measures import Size
from lib.names import clean_name, made_clean
from lib.notes import Note, Refusal
from machines import machine_names
from machines.actions import NoTemplate
from machines.capacity import size_of
from machines.models import CloudWatch, Event, Machine, Stray
from machines.reconcile.strays import is_key
from machines.states import State, Wanted
from quotas.actions import OverQuota
from quotas.sentences import in_words

# The machine's first wish and state, by its server's status. A running server goes through `waking`, which opens its ports.
_AT_FIRST = {
    Status.ACTIVE: (Wanted.RUNNING, State.WAKING),
    Status.SUSPENDED: (Wanted.SUSPENDED, State.SUSPENDED),
    Status.STOPPED: (Wanted.SUSPENDED, State.SUSPENDED),
    Status.SHELVED: (Wanted.SHELVED, State.SHELVED),
}
_NOT_NOW = {
    Status.BUILDING: _("It is still being built. Wait until it runs, then give it to somebody."),
    Status.RESCUED: _("It runs from a rescue image. End that first, for example in Horizon."),
    Status.ERROR: _("It is broken on the cluster. Mend it there first, for example in Horizon, or delete it there."),
}
_NOBODY_KNOWS = _("The cluster does not say what state it is in. Try again when it does.")
_GONE = _("It has left the cluster in the meantime.")
_GIVEN = _("The server “%(server)s” (%(id)s) was given to %(person)s.")  # in histories from before 0.4
_TAKEN = _("It has become a machine in the meantime: somebody else was faster.")
_GOING = _("It is being deleted. Choose another one.")
_SPARE = _("It is a second server of the machine “%(name)s”, which lives. It is removed by itself.")
_NO_ROOM = _(
    "%(person)s has no room for it. It needs %(vcpus)s, %(ram_mb)s, %(disk_gb)s and %(ports)s; free are %(free_machines)s,"
    " %(free_vcpus)s, %(free_ram_mb)s, %(free_disk_gb)s and %(free_ports)s. Grant more first, or free something."
)


class NotToGive(Refusal):
    """A server that cannot be given to anybody in its present state."""

    code = "wrong_state"


class Taken(Refusal):
    """A machine has it already."""

    code = "adopted_already"


class NoPerson(Refusal):
    """The text names nobody whose account is active."""

    status = 400
    code = "unknown_person"


@transaction.atomic
def adopt(*, stray: Stray, owner: User, template: Template | None, name: str, by: User) -> Machine:
    """Create a machine for `owner` around this server; a worker tags the server afterwards. Raises Refusal."""
    if template is None or template.retired_at:
        raise NoTemplate(_("There is no such template. Choose one that is not retired."))
    quotas.actions.lock(owner)
    stray = Stray.objects.select_for_update().get(pk=stray.pk)
    if refusal := why_not(stray):
        raise refusal
    # A bad name of the cluster is cleaned, not refused: nobody here typed it.
    typed = clean_name(name if name.strip() else made_clean(stray.name) or stray.server_id)
    name = machine_names.free(owner.pk, typed)
    machine = _create_machine(stray, owner, template, name)
    _admit(owner, _size(stray, template), machine, by)
    tunnels.actions.reserve(holder=machine.pk, owner=owner, services=template.service_list, by=by)
    Stray.objects.filter(pk=stray.pk).update(adopted_at=timezone.now())
    note = Note(_("It was the server “%(server)s” (%(id)s)."), {"server": stray.name, "id": stray.server_id})
    machine.record(Event.Kind.WISHED, note, by=by, verb="adopt")
    if by.pk == owner.pk:  # a server of nobody's, taken for oneself: only administrators can
        thing = trail.Thing("server", stray.server_id, stray.name)
        trail.record(by=by, verb="adopt", whom=owner, thing=thing, is_own_recorded=True)
    doorbell.ring("machines.tasks.advance", machine.pk)
    return machine


def why_not(stray: Stray) -> Refusal | None:
    """Return why nobody can be given this server now, or None."""
    if Machine.objects.alive().filter(server_id=stray.server_id).exists():
        return Taken(_TAKEN)
    if stray.gone_at:
        return NotToGive(_GONE)
    if is_key(stray.machine_key) and (first := Machine.objects.alive().filter(pk=stray.machine_key).first()):
        return NotToGive(_SPARE, {"name": first.name})
    if stray.removed_at:
        return NotToGive(_GOING)
    if stray.status in _AT_FIRST:
        return None
    return NotToGive(_NOT_NOW.get(Status(stray.status), _NOBODY_KNOWS))


def _create_machine(stray: Stray, owner: User, template: Template, name: str) -> Machine:
    """Create the row around the server. Raises Taken where another machine was faster."""
    wanted, state = _AT_FIRST[Status(stray.status)]
    now = timezone.now()
    # It ran before, so it holds somebody's work: no retry may replace its server.
    ran = dict.fromkeys(("ready_at", "first_ready_at", "created_at"), now)
    # A name that differs from the server's is pushed to the cloud, as after a rename.
    named = {**machine_names.columns(name), "names_asked": int(name != stray.name)}
    whose: dict[str, Any] = {"pk": uuid4(), "owner": owner, "template": template}
    try:
        with transaction.atomic():
            return Machine.objects.create(
                **whose, **named, wanted=wanted, state=state, adopting=True, **_server_columns(stray), **ran
            )
    except IntegrityError:
        raise Taken(_TAKEN) from None


def _server_columns(stray: Stray) -> dict[str, Any]:
    """Return the columns that repeat what the cloud says of the server. Every open stray was in the last whole list."""
    return {
        "server_id": stray.server_id,
        "cloud_status": stray.status,
        "cloud_name": stray.name,
        "address": stray.address,
        "host": stray.host[:120],
        "project": stray.project,
        "observed_at": CloudWatch.get_solo().whole_at,
        **_counters(stray),
    }


def _counters(stray: Stray) -> dict[str, int]:
    """Return the counters of the server, so that a former machine of Minga goes on counting: else its next reset would pass for done."""
    resets = dict.fromkeys(("resets_asked", "resets_done", "cloud_resets"), stray.resets)
    return {**resets, **dict.fromkeys(("restarts_asked", "restarts_done", "cloud_restarts"), stray.restarts)}


def _size(stray: Stray, template: Template) -> Size:
    """Return what the server takes of a quota; where the cloud does not give its size, what its template would take."""
    if not stray.vcpus:
        return size_of(template)
    return Size(1, stray.vcpus, stray.ram_mb, stray.disk_gb, len(template.services))


def _admit(owner: User, size: Size, machine: Machine, by: User) -> None:
    try:
        quotas.actions.admit(user=owner, size=size, holder=machine.pk, by=by)
    except OverQuota as refusal:
        # The quota's own sentence names one measure; who chooses the size here wants to see them all.
        gauges = quotas.actions.usage(owner).gauges()
        free = {f"free_{m}": in_words(m, gauge.left).as_json() for m, _label, gauge, _unit in gauges}
        asked = {m: in_words(m, getattr(size, m)).as_json() for m in ("vcpus", "ram_mb", "disk_gb", "ports")}
        note = Note(_NO_ROOM, {"person": owner.username, **asked, **free})
        raise OverQuota(note, owner=owner, lacks=refusal.lacks) from None


def find_person(text: str) -> User:
    """Find a person by the whole username, or by an e-mail address that is proven to be one person's. Raises NoPerson."""
    text = text.strip()
    if not text.isprintable() or not text:
        raise NoPerson(_("Type a username or an e-mail address."))
    active = User.objects.filter(is_active=True)
    person = active.filter(username=text).first() or active.filter(username__iexact=text).first()
    person = person or emails.people_at(text).filter(is_active=True).first()
    if person is None:
        raise NoPerson(
            _("Nobody here has the username or the verified e-mail address “%(text)s”."), {"text": text[:254]}
        )
    return person


def owner_of(stray: Stray) -> User | None:
    """Return the person with whom the server is tagged, if there is one here, and it is in their project.

    Students who use Horizon can write tags, so a tag in another project says nothing. A cloud without projects has no Horizon.
    """
    tagged = User.objects.filter(uuid=stray.owner_key, is_active=True).first() if is_key(stray.owner_key) else None
    return tagged if tagged and stray.project in ("", quotas.backstop.project_of(tagged)) else None


def likely_template(stray: Stray, templates: Iterable[Template]) -> Template | None:
    """Return the first template that has the server's size, else the first."""
    templates = list(templates)
    size = (stray.vcpus, stray.ram_mb, stray.disk_gb)
    same = (t for t in templates if (t.flavor.vcpus, t.flavor.ram_mb, t.flavor.disk_gb) == size)
    return next(same, templates[0] if templates else None)
