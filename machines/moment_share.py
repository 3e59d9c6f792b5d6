"""Count kept moments in their owner's quota: each as one archive, of at most the whole disk until its image is measured."""

from collections.abc import Iterable
from math import ceil
from uuid import UUID, uuid5

import quotas.actions
from lib.measures import Size
from machines import archive_share
from machines.archive_share import GIB
from machines.models import DiskImage, Machine
from quotas.gauges import Lack


def holder_of(machine: UUID, number: int) -> UUID:
    """Return the id that holds a moment's share: always the same for one moment."""
    return uuid5(machine, f"moment {number}")


def holders(machine: Machine) -> Iterable[UUID]:
    """Return the ids that hold the shares of all moments that the machine ever had."""
    numbers = machine.copies.filter(number__isnull=False).values_list("number", flat=True)
    return [holder_of(machine.pk, number) for number in numbers if number is not None]


def at_most(machine: Machine) -> Size:
    """Return the share of a moment of a full disk."""
    return archive_share.at_most(machine)


def lacks(machine: Machine) -> list[Lack]:
    """Return what lacks in the quota to keep one more moment now."""
    return quotas.actions.usage(machine.owner).lacks(at_most(machine))


def measure(moment: DiskImage, size_bytes: int) -> None:
    """Count what a finished image takes, and never more than was reserved; nothing of an image that is no moment.

    The owner's Allowance is locked.
    """
    if moment.number is None:
        return
    holder = holder_of(moment.machine_id, moment.number)
    if share := quotas.actions.open_share(holder):
        gigabytes = max(1, min(ceil(size_bytes / GIB), share.archive_gb))
        quotas.actions.exchange(user=moment.machine.owner, size=Size(archives=1, archive_gb=gigabytes), holder=holder)


def free(moment: DiskImage) -> None:
    """Give back a moment's share; nothing of an image that is no moment."""
    if moment.number is not None:
        quotas.actions.free(holders=[holder_of(moment.machine_id, moment.number)])
