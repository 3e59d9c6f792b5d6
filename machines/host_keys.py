"""SSH host keys of machines: made by the portal and put into the guest where the cloud can, otherwise pinned at first contact.

A key belongs to one disk: (server, number of its resets). Only what we do ourselves brings another one: a reset, a new server.
Nothing secret is stored: a private half is derived from SECRET_KEY when it is put in. See docs/adr/0081.
"""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_noop as _

from lib import ed25519
from lib.notes import Note
from machines.models import Event, HostKey, Machine

log = logging.getLogger(__name__)

SALT = "machines.host_keys"
CHANGED = _(
    "Its SSH shows the host key %(shown)s. Minga knows it by %(known)s, so it did not connect. If you renewed its host keys yourself, ask "
    "an administrator to accept the new one. If not, another computer may be answering in its place."
)
ACCEPTED = _("An administrator accepted %(shown)s as its new host key.")


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk of a machine to which a host key belongs."""

    machine: UUID
    server_id: str
    resets: int


def disk_of(machine: Machine) -> Disk:
    """Return a machine's present disk."""
    return Disk(machine.pk, machine.server_id, machine.cloud_resets)


# ---- made here ----


def private_file(machine: UUID, number: int) -> str:
    """Return the private half that the portal puts in with a machine's `number`-th reset (0: its launch), as OpenSSH's text."""
    return ed25519.private_file(_seed(machine, number))


def public_line(machine: UUID, number: int) -> str:
    return ed25519.public_line(_seed(machine, number))


def _seed(machine: UUID, number: int) -> bytes:
    return salted_hmac(SALT, f"{machine} {number}", algorithm="sha256").digest()


def given(disk: Disk, number: int) -> None:
    """Note that the portal put the key of this number into the disk. A second time changes nothing."""
    _insert(disk, public_line(disk.machine, number), given=True)


# ---- known ----


def known(machines: Collection[UUID]) -> dict[UUID, HostKey]:
    """Return the host keys of machines, as far as their present disks' are known."""
    present = {"server_id": F("machine__server_id"), "resets": F("machine__cloud_resets")}
    return {row.machine_id: row for row in HostKey.objects.filter(machine__in=machines, **present)}


def pin(disk: Disk, key: str) -> str:
    """Pin the key that a guest showed at first contact. Return the key that is known from now on: another may have been pinned before."""
    _insert(disk, key, given=False)
    return str(_of(disk).get().key)


def _insert(disk: Disk, key: str, *, given: bool) -> None:
    row = HostKey(machine_id=disk.machine, server_id=disk.server_id, resets=disk.resets, key=key, given=given)
    HostKey.objects.bulk_create([row], ignore_conflicts=True)


def _of(disk: Disk) -> QuerySet[HostKey]:
    return HostKey.objects.filter(machine=disk.machine, server_id=disk.server_id, resets=disk.resets)


# ---- changed ----


def shown_again(machines: Iterable[UUID]) -> None:
    """Note that these showed the known key, so that a later change is reported again."""
    HostKey.objects.filter(machine__in=list(machines)).exclude(refused_key="").update(refused_key="")


@transaction.atomic
def refuse(disk: Disk, shown: str) -> bool:
    """Note that a guest showed another key. Return False where that is no wonder: it has another disk meanwhile, or is to get one.

    Its history has one line for each other key, however often that is shown.
    """
    as_it_was = {"server_id": disk.server_id, "cloud_resets": disk.resets, "resets_done": F("resets_asked")}
    machine = Machine.objects.filter(pk=disk.machine, **as_it_was).first()
    row = _of(disk).exclude(key=shown).select_for_update().first()
    if machine is None or row is None:
        return False
    facts = {"shown": ed25519.fingerprint(shown), "known": ed25519.fingerprint(row.key)}
    log.warning(
        "machine %s: refused: it shows the host key %s, known is %s", machine.pk, facts["shown"], facts["known"]
    )
    if row.refused_key != shown:
        HostKey.objects.filter(pk=row.pk).update(refused_key=shown)
        machine.record(Event.Kind.NOTED, Note(CHANGED, facts))
    return True


def is_refused() -> Exists:
    """Return the condition on machines that their SSH last showed another key than the known one."""
    disk = {"machine": OuterRef("pk"), "server_id": OuterRef("server_id"), "resets": OuterRef("cloud_resets")}
    return Exists(HostKey.objects.filter(**disk).exclude(refused_key=""))


@transaction.atomic
def accept(machine: Machine, shown: str) -> bool:
    """Make the key that was refused last, of this fingerprint, the machine's own. Return False where it is none."""
    row = _of(disk_of(machine)).exclude(refused_key="").select_for_update().first()
    if row is None or ed25519.fingerprint(row.refused_key) != shown:
        return False
    new = {"key": row.refused_key, "given": False, "known_at": timezone.now(), "refused_key": ""}
    HostKey.objects.filter(pk=row.pk).update(**new)
    log.warning("machine %s: its new host key %s was accepted", machine.pk, shown)
    machine.record(Event.Kind.NOTED, Note(ACCEPTED, {"shown": shown}))
    machine.audit("accept_host_key", by=None, detail={"shown": shown})
    return True
