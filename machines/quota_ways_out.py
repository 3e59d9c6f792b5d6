"""Ways out of a full quota: which of a person's machines would free enough, archived or deleted. Nobody is made to take one."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from uuid import UUID

import quotas.actions
from accounts.models import User
from lib.measures import MEASURES, Size
from machines import archive_share
from machines.models import Machine
from machines.rules import offered
from machines.verbs import Verb
from quotas.actions import Usage
from quotas.gauges import Lack
from quotas.models import Reservation
from tunnels.models import Tunnel

MOST = 2  # of each verb: a choice, not a list


@dataclass(frozen=True, slots=True)
class WayOut:
    """Archive a machine (its disk is kept, and its ports stay taken), or delete it for good."""

    verb: Verb
    machine: Machine
    frees: Size


def ways_out(owner: User, lacks: Sequence[Lack], *, but: Machine | None = None) -> list[WayOut]:
    """Return the machines of `owner` of which one alone would free what lacks, the smallest first; archiving comes before deleting.

    but: the machine that it is about. Costs five queries, however many machines there are.
    """
    machines = [m for m in Machine.objects.alive().filter(owner=owner).with_parts() if not but or m.pk != but.pk]
    shares, usage = _shares(owner, machines), quotas.actions.usage(owner)
    short = {lack.measure: lack.short for lack in lacks}
    found = [way for machine in machines for way in _of(machine, shares[machine.pk], usage)]
    enough = [way for way in found if all(getattr(way.frees, m) >= n for m, n in short.items())]
    enough.sort(key=lambda way: (_bulk(way.frees), way.machine.name))
    return [way for verb in (Verb.ARCHIVE, Verb.DELETE) for way in [w for w in enough if w.verb == verb][:MOST]]


def _bulk(size: Size) -> tuple[int, ...]:
    return size.ram_mb, size.vcpus, size.disk_gb, size.archive_gb, size.ports


@dataclass(frozen=True, slots=True)
class _Shares:
    """The shares of a machine in its owner's quota: its own, and all together."""

    own: Size
    all: Size


def _of(machine: Machine, shares: _Shares, usage: Usage) -> Iterable[WayOut]:
    verbs = offered(machine)
    archive = Size(archives=1, archive_gb=max(1, shares.own.disk_gb))
    if Verb.ARCHIVE in verbs and shares.own.machines and not usage.lacks(archive):
        kept = {"ports": 0, "archives": 0, "archive_gb": 0}
        yield WayOut(Verb.ARCHIVE, machine, Size(**{m: kept.get(m, getattr(shares.own, m)) for m in MEASURES}))
    if Verb.DELETE in verbs:
        yield WayOut(Verb.DELETE, machine, shares.all)


def _shares(owner: User, machines: Iterable[Machine]) -> dict[UUID, _Shares]:
    """Add up the open reservations of each machine: its own, its archive's, and those of ports that were opened by hand."""
    pks = [machine.pk for machine in machines]
    machine_of = {pk: pk for pk in pks} | {archive_share.holder_of(machine): machine.pk for machine in machines}
    machine_of |= dict(Tunnel.objects.filter(holder__in=pks, extra=True).kept().values_list("pk", "holder"))
    own: dict[UUID, Size] = defaultdict(Size)
    every: dict[UUID, list[Size]] = defaultdict(list)
    for holder, *amounts in Reservation.objects.filter(user=owner, closed_at=None).values_list("holder", *MEASURES):
        if pk := machine_of.get(holder):
            every[pk].append(Size(*amounts))
            own |= {pk: Size(*amounts)} if holder == pk else {}
    return {pk: _Shares(own[pk], _sum(every[pk])) for pk in pks}


def _sum(sizes: Iterable[Size]) -> Size:
    columns = zip(*(astuple(size) for size in sizes), strict=True)
    return Size(*(sum(column) for column in columns))
