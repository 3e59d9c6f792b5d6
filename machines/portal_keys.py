"""The portal's own key of each machine: made for its launch and each reset, sealed in the database. See docs/adr/0084.

With it a worker, and the live process for a person, opens sessions as the machine's user. The line-only key (machines.terminal_lines) is another one.
"""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from lib import ed25519
from machines import sealing
from machines.host_keys import Disk, disk_of
from machines.models import DiskImage, Machine, PortalKey
from machines.states import State

# asyncssh is imported where a key is used: it would add a fifth to the start of every process.
if TYPE_CHECKING:
    import asyncssh

COMMENT = "minga-portal"  # behind the key in authorized_keys
SEED_BYTES = 32


# ---- made ----


def line_for(machine: UUID, number: int, *, is_archive: bool = False) -> str:
    """Return the line to put in with a machine's `number`-th reset (0: its launch), the same each time; '' where there is none.

    There is none where the site has no MACHINE_KEYS_FILE, and in an archive whose owner had it removed. is_archive: the disk may
    be older than its first key.
    """
    rows = PortalKey.objects.filter(machine=machine, number=number)
    row = rows.first()
    if row is None:
        PortalKey.objects.bulk_create([_new(machine, number, by_hand=is_archive)], ignore_conflicts=True)
        row = rows.get()
    elif not row.public_key and not row.removed_at and sealing.is_ready():
        rows.filter(public_key="", removed_at=None).update(**_halves())
        row.refresh_from_db()
    return line_of(row)


def _new(machine: UUID, number: int, *, by_hand: bool) -> PortalKey:
    return PortalKey(machine_id=machine, number=number, by_hand=by_hand, **(_halves() if sealing.is_ready() else {}))


def _halves() -> dict[str, Any]:
    seed = os.urandom(SEED_BYTES)
    return {"sealed_seed": sealing.seal(seed), "public_key": ed25519.public_line(seed), "made_at": timezone.now()}


def carry_over(machine: UUID, old: int, new: int) -> None:
    """Keep the key of an earlier disk for the `new`-th reset, which brings a copy of that disk back. A second time changes nothing.

    cloud-init knows its server again in a copy of the server's own disk, and puts no other key in.
    """
    row = PortalKey.objects.filter(machine=machine, number=old).first()
    if row:
        names = ("public_key", "sealed_seed", "by_hand", "made_at", "put_in_at", "removed_at")
        copied = PortalKey(machine_id=machine, number=new, **{name: getattr(row, name) for name in names})
        PortalKey.objects.bulk_create([copied], ignore_conflicts=True)


def given(disk: Disk, number: int) -> None:
    """Note that the key of this number was put into the disk. A second time changes nothing."""
    meant_for(disk, number)
    rows = PortalKey.objects.filter(machine=disk.machine, number=number)
    rows.update(put_in_at=Coalesce("put_in_at", timezone.now()))


def meant_for(disk: Disk, number: int) -> None:
    """Note that the key of this number is for the disk, though nobody knows whether it is in there: its owner may have to add it."""
    PortalKey.objects.filter(machine=disk.machine, number=number).update(server_id=disk.server_id, resets=disk.resets)


def offer(disk: Disk) -> str:
    """Make a key for a disk that has none, for its owner to add by hand. Return its line. Raises sealing.NoKeys."""
    with transaction.atomic():
        machine = Machine.objects.select_for_update(of=("self",)).get(pk=disk.machine)
        row = _of(disk).order_by("number").last()
        if row is None:
            row, _made = PortalKey.objects.get_or_create(machine=machine, number=machine.resets_done)
            row.server_id, row.resets, row.by_hand, row.public_key = disk.server_id, disk.resets, True, ""
        if not row.public_key:
            row.put_in_at = row.removed_at = None
            for name, half in _halves().items():
                setattr(row, name, half)
            row.save()
    return line_of(row)


def line_of(row: PortalKey) -> str:
    """Return the line for the guest's authorized_keys; '' where its halves are not made yet, or were taken away."""
    return f"{row.public_key} {COMMENT}" if row.public_key else ""


# ---- known ----


def present(machines: Iterable[UUID]) -> QuerySet[PortalKey]:
    """Select the rows of the present disks of machines."""
    disk = {"server_id": F("machine__server_id"), "resets": F("machine__cloud_resets")}
    return PortalKey.objects.filter(machine__in=list(machines), **disk).exclude(server_id="").order_by("number")


def of(machine: Machine) -> PortalKey | None:
    """Return the row of a machine's present disk. None: it is from before 0.4, or was taken over."""
    return _of(disk_of(machine)).order_by("number").last() if machine.server_id else None


def _of(disk: Disk) -> QuerySet[PortalKey]:
    return PortalKey.objects.filter(machine=disk.machine, server_id=disk.server_id, resets=disk.resets)


def private_key(row: PortalKey) -> "asyncssh.SSHKey":
    """Return the private half. Raises sealing.NoKeys, sealing.Unreadable."""
    import asyncssh

    return asyncssh.import_private_key(ed25519.private_file(sealing.unseal(row.sealed_seed)))


def has_let_in(row: PortalKey) -> None:
    """Note that the guest took the key: whoever was asked to add it by hand has done so."""
    PortalKey.objects.filter(pk=row.pk, put_in_at=None).update(put_in_at=timezone.now())


# ---- no more ----


def forget(row: PortalKey) -> None:
    """Delete both halves, also where they are kept for a moment. That it was removed stays known."""
    same = Q(machine=row.machine_id, public_key=row.public_key) & ~Q(public_key="")
    rows = PortalKey.objects.filter(Q(pk=row.pk) | same)
    rows.update(public_key="", sealed_seed="", put_in_at=None, removed_at=timezone.now())


def tidy() -> int:
    """Delete the keys of machines that are gone, and those of disks that were replaced, but for kept moments. Returns how many."""
    moments = DiskImage.objects.moments().filter(machine=OuterRef("machine"), portal_key=OuterRef("number"))
    replaced = ~Q(server_id="") & ~Q(server_id=F("machine__server_id")) & ~Q(machine__server_id="")
    older = Q(server_id=F("machine__server_id"), resets__lt=F("machine__cloud_resets"))
    gone, _by_model = PortalKey.objects.filter(Q(machine__state=State.GONE) | (older & ~Exists(moments))).delete()
    # The key of an archive's next server has the number of its last reset: that row moves to the new disk.
    spare = PortalKey.objects.filter(replaced & ~Exists(moments)).exclude(number=F("machine__resets_done"))
    return gone + spare.delete()[0]


# ---- sealed with another key ----


def rotate() -> tuple[int, int]:
    """Seal all keys with the newest key of MACHINE_KEYS_FILE. Returns how many were, and how many nobody can open. Raises sealing.NoKeys."""
    sealing.check()
    done = lost = 0
    for pk in PortalKey.objects.exclude(sealed_seed="").values_list("pk", flat=True):
        with transaction.atomic():
            row = PortalKey.objects.select_for_update().filter(pk=pk).exclude(sealed_seed="").first()
            if row is None:  # forgotten meanwhile
                continue
            try:
                row.sealed_seed = sealing.resealed(row.sealed_seed)
                row.save(update_fields=["sealed_seed"])
                done += 1
            except sealing.Unreadable:
                lost += 1
    return done, lost
