"""Ask for keys to be put into machines that run, or taken out. Each ask is one short transaction; machines.key_work carries it out."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.models import SshKey, User
from lib import doorbell, events
from lib.notes import Note, Refusal
from machines import installed_keys, key_faults, portal_keys
from machines.models import Event, InstalledKey, KeyChange, Machine, PortalKey

TASK = "machines.tasks.change_keys"
KEPT = timedelta(days=7)  # how long it stays known how one ended
TO_BE_FORGOTTEN = _("Minga is to forget its own key of this machine.")
LEFT_IN = _(
    "Minga has forgotten its own key of this machine. Its line could not be taken out of ~/.ssh/authorized_keys; it opens nothing any more."
)
Verb, State = KeyChange.Verb, KeyChange.State


class NoPortalKey(Refusal):
    status = 409
    code = "no_portal_key"


class KeyDeleted(Refusal):
    """The key was removed from its owner's list by another request."""

    status = 404
    code = "key_deleted"


@transaction.atomic
def put_in(*, key: SshKey, machines: Iterable[Machine], by: User) -> list[KeyChange]:
    """Ask for a person's key to be put into machines. Those that cannot take it now say at once why. Raises KeyDeleted."""
    if not _locked(key):
        raise KeyDeleted(key_faults.KEY_DELETED.note.text)
    return [
        _ask(machine, Verb.PUT_IN, name=key.name, public_key=key.public_key, key=key, by=by) for machine in machines
    ]


@transaction.atomic
def put_in_missing(machine: Machine) -> None:
    """Ask for the keys of its owner that are not in the disk to which a machine went back.

    cloud-init does not: it knows its server again in a copy of the server's own disk, and leaves the keys as they are.
    """
    present = installed_keys.present([machine.pk]).values("public_key")
    keys = SshKey.objects.filter(user=machine.owner).exclude(public_key__in=present)
    for key in keys.select_for_update(no_key=True).order_by("pk"):
        _ask(machine, Verb.PUT_IN, name=key.name, public_key=key.public_key, key=key, by=None)


@transaction.atomic
def take_out(*, rows: Iterable[InstalledKey], by: User) -> list[KeyChange]:
    """Ask for keys to be taken out of the machines in whose present disks they are."""
    found = list(rows)
    keys = SshKey.objects.select_for_update(no_key=True).order_by("pk").in_bulk([row.key_id for row in found])
    return [
        _ask(row.machine, Verb.TAKE_OUT, name=row.name, public_key=row.public_key, key=keys.get(row.key_id), by=by)
        for row in found
    ]


@transaction.atomic
def before_key_goes(*, key: SshKey, by: User, from_machines: bool) -> list[KeyChange]:
    """Forget what was asked for a key that its owner is about to delete. from_machines: take it out of those that run, too.

    Where a worker may have put it in already, or is about to, it is taken out as well.
    """
    _locked(key)
    # Locked before they are looked at: a worker may be claiming them at this moment.
    asked = KeyChange.objects.filter(key=key, verb=Verb.PUT_IN, state=State.WAITING).select_related("machine")
    rows_asked = list(asked.select_for_update(of=("self",)))
    begun = [row for row in rows_asked if row.claimed_until or row.tries] if from_machines else []
    KeyChange.objects.filter(pk__in={row.pk for row in rows_asked} - {row.pk for row in begun}).delete()
    if not from_machines:
        return []
    machines = Machine.objects.alive().filter(owner=key.user)
    rows = installed_keys.present(machines.values_list("pk", flat=True)).filter(key=key).select_related("machine")
    rows = rows.exclude(machine__in=[row.machine_id for row in begun])
    return take_out(rows=rows, by=by) + [
        _ask(row.machine, Verb.TAKE_OUT, name=key.name, public_key=key.public_key, key=key, by=by) for row in begun
    ]


def _locked(key: SshKey) -> bool:
    """Lock a key's row, so that nothing is asked for one that is being deleted. Return whether it is still there."""
    return SshKey.objects.select_for_update(no_key=True).filter(pk=key.pk).exists()


def _ask(
    machine: Machine, verb: str, *, name: str, public_key: str, key: SshKey | None = None, by: User | None
) -> KeyChange:
    """Write the ask in the place of an older one about the same key."""
    fault, now = key_faults.not_now(machine), timezone.now()
    facts: dict[str, Any] = {
        "verb": verb,
        "key": key,
        "name": name,
        "by": by,
        "asked_at": now,
        "next_at": now,
        "tries": 0,
    }
    if fault:
        facts |= {"state": State.FAILED, "ended_at": now, "code": fault.code, "stored_note": fault.note.as_json()}
    with transaction.atomic():
        same = KeyChange.objects.filter(machine=machine, public_key=public_key)
        same.exclude(state=State.WAITING).delete()
        row, _made = same.update_or_create(machine=machine, public_key=public_key, state=State.WAITING, defaults=facts)
        events.publish("machine", machine.pk)
        if not fault:
            doorbell.ring(TASK)
    return row


# ---- the portal's own ----


def remove_portal_key(*, machine: Machine, by: User) -> None:
    """Forget the portal's key of a machine; where that runs, a worker takes it out of the guest first. Raises NoPortalKey."""
    with transaction.atomic():
        row = portal_keys.present([machine.pk]).select_for_update(of=("self",)).last()
        if row is None or not row.public_key or row.removed_at:
            raise NoPortalKey(_("Minga has no key in this machine."))
        machine.record(Event.Kind.WISHED, Note(TO_BE_FORGOTTEN), by=by)
        if key_faults.not_now(machine) or row.put_in_at is None:
            forget_portal_key(row, machine, by=by, is_left=row.put_in_at is not None)
        else:
            PortalKey.objects.filter(pk=row.pk).update(removed_at=timezone.now())
            _ask(machine, Verb.TAKE_OUT, name=portal_keys.COMMENT, public_key=row.public_key, by=by)


def forget_portal_key(row: PortalKey, machine: Machine, *, by: User | None, is_left: bool) -> None:
    """Delete both halves. is_left: its line stays in the machine, and the history says so."""
    portal_keys.forget(row)
    if is_left:
        machine.record(Event.Kind.NOTED, Note(LEFT_IN), by=by)


# ---- known ----


def of(machines: Iterable[Machine]) -> QuerySet[KeyChange]:
    """Select what was asked for machines lately, the newest first."""
    return KeyChange.objects.filter(machine__in=[m.pk for m in machines]).order_by("-asked_at", "-pk")


def forget(now: datetime) -> int:
    """Delete what ended long ago. Returns how many."""
    return KeyChange.objects.exclude(state=State.WAITING).filter(ended_at__lt=now - KEPT).delete()[0]
