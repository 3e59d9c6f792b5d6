"""The keys of people in their machines."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import F, QuerySet

from accounts.models import SshKey, User
from machines.host_keys import Disk
from machines.models import InstalledKey


def put_in(disk: Disk, owner: User, public_keys: Collection[str]) -> None:
    """Note that these keys of its owner were put into a disk. A second time changes nothing."""
    if not public_keys:
        return
    keys = SshKey.objects.filter(user=owner, public_key__in=public_keys)
    InstalledKey.objects.bulk_create([_row(disk, key) for key in keys], ignore_conflicts=True)


def _row(disk: Disk, key: SshKey) -> InstalledKey:
    facts = {"machine_id": disk.machine, "server_id": disk.server_id, "resets": disk.resets}
    return InstalledKey(key=key, name=key.name, public_key=key.public_key, **facts)


def put_in_one(disk: Disk, owner: User, name: str, public_key: str) -> None:
    """Note that a key was put into a disk later. Its owner may have deleted it by now; if not, its row is locked."""
    key = SshKey.objects.filter(user=owner, public_key=public_key).first()
    facts = {"machine_id": disk.machine, "server_id": disk.server_id, "resets": disk.resets}
    row = InstalledKey(key=key, name=name, public_key=public_key, **facts)
    InstalledKey.objects.bulk_create([row], ignore_conflicts=True)


def copy(old: Disk, new: Disk, until: datetime) -> None:
    """Note that a disk was made of a copy of another: the keys in that, at the time of the copy, are in it, too. A second time changes nothing."""
    rows = InstalledKey.objects.filter(machine=old.machine, server_id=old.server_id, resets=old.resets)
    rows = rows.filter(installed_at__lte=until)
    facts = {"machine_id": new.machine, "server_id": new.server_id, "resets": new.resets}
    copies = [InstalledKey(key_id=row.key_id, name=row.name, public_key=row.public_key, **facts) for row in rows]
    InstalledKey.objects.bulk_create(copies, ignore_conflicts=True)


def present(machines: Iterable[UUID]) -> QuerySet[InstalledKey]:
    """Select the keys in the present disks of machines, the oldest first."""
    disk = {"server_id": F("machine__server_id"), "resets": F("machine__cloud_resets")}
    return InstalledKey.objects.filter(machine__in=list(machines), **disk).order_by("installed_at", "pk")


def taken_out(disk: Disk, public_keys: Collection[str]) -> None:
    """Note that these keys are no longer in a disk."""
    facts = {"machine": disk.machine, "server_id": disk.server_id, "resets": disk.resets}
    InstalledKey.objects.filter(public_key__in=public_keys, **facts).delete()
