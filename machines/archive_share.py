"""Count an archive in its owner's quota, from the wish to archive until the machine runs again or is gone.

The archive has a share of its own beside the machine's: while the disk is being copied both are there. Once the server is gone, only
the ports are left of the machine's own share, for they stay reserved.
"""

from dataclasses import replace
from math import ceil
from uuid import UUID, uuid5

import quotas.actions
from accounts.models import User
from lib.measures import Size
from machines.capacity import size_of
from machines.models import Machine
from quotas.gauges import Lack
from tunnels.models import Tunnel

GIB = 2**30


def holder_of(machine: Machine) -> UUID:
    """Return the id that holds the archive's share: always the same for one machine."""
    return uuid5(machine.pk, "archive")


def admit(machine: Machine, by: User | None, *, by_rule: bool) -> None:
    """Count the archive that this machine is to become; one that is counted stays as it is. Raises OverQuota with the numbers.

    by_rule: the site archives it by its idle rules, which is never refused. The owner's Allowance is locked.
    """
    if quotas.actions.open_share(holder_of(machine)):
        return
    if by_rule:
        return take(machine)
    who = by or machine.owner
    quotas.actions.admit(user=machine.owner, size=at_most(machine), holder=holder_of(machine), by=who)


def lacks(machine: Machine) -> list[Lack]:
    """Return what lacks to archive it by hand now; nothing when its archive is counted already."""
    if quotas.actions.open_share(holder_of(machine)):
        return []
    return quotas.actions.usage(machine.owner).lacks(at_most(machine))


def take(machine: Machine) -> None:
    """Count the archive without asking for room; one that is counted stays as it is."""
    if not quotas.actions.open_share(holder_of(machine)):
        quotas.actions.take(user=machine.owner, size=at_most(machine), holder=holder_of(machine))


def measure(machine: Machine, size_bytes: int) -> None:
    """Count what a finished image takes, and never more than was reserved when it was asked for."""
    asked = at_most(machine)
    gigabytes = max(1, min(ceil(size_bytes / GIB), asked.archive_gb))
    quotas.actions.exchange(user=machine.owner, size=replace(asked, archive_gb=gigabytes), holder=holder_of(machine))


def free(machine: Machine) -> None:
    """Give back the archive's share: there is no archive any more."""
    quotas.actions.free(holders=[holder_of(machine)])


def keep_ports_only(machine: Machine) -> None:
    """Give back the machine's own share but for its ports. Ports that were opened by hand have shares of their own, and keep them."""
    quotas.actions.exchange(user=machine.owner, size=Size(ports=_ports(machine)), holder=machine.pk)


def count_machine(machine: Machine) -> None:
    """Count the machine itself again, without asking for room: it has a server, whatever its row said of an archive."""
    if not _is_counted(machine):
        quotas.actions.exchange(user=machine.owner, size=_whole(machine), holder=machine.pk)


def admit_again(machine: Machine, by: User | None) -> None:
    """Take what it gave back when it was archived; nothing, while it still has it. Raises OverQuota with the numbers."""
    if _is_counted(machine):
        return
    quotas.actions.free(holders=[machine.pk])
    quotas.actions.admit(user=machine.owner, size=_whole(machine), holder=machine.pk, by=by or machine.owner)


def _is_counted(machine: Machine) -> bool:
    """Return whether the machine's own share is more than its ports."""
    share = quotas.actions.open_share(machine.pk)
    return share is not None and share.machines > 0


def _whole(machine: Machine) -> Size:
    return replace(size_of(machine.template), ports=_ports(machine))


def at_most(machine: Machine) -> Size:
    """Return the share of an archive of a full disk: nobody knows the real size before the image is made."""
    share = quotas.actions.open_share(machine.pk)
    disk = share.disk_gb if share and share.machines else machine.template.flavor.disk_gb
    return Size(archives=1, archive_gb=max(1, disk))


def _ports(machine: Machine) -> int:
    """Return how many ports of its template it has."""
    return Tunnel.objects.of(machine.pk).kept().filter(extra=False).count()


def extra_ports(machine: Machine) -> list[UUID]:
    """Return the ports that were opened by hand: each holds a share of its own."""
    return list(Tunnel.objects.of(machine.pk).kept().filter(extra=True).values_list("pk", flat=True))
