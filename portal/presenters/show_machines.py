"""Load what is shown of machines: from rows and one `now`, with the same number of queries for any number of machines."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cache
from uuid import UUID

from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import User
from lib.compiled_queries import Among, Given, compiled
from lib.notes import Note
from machines import disk_images
from machines.ended_subscriptions import why_asleep
from machines.idle import facts, make_room
from machines.models import CloudWatch, Machine
from machines.progress import progress_of, typical_seconds_before
from machines.states import State, Wanted
from nodes.hypervisors import silence
from portal.presenters.idle_panel import Why
from portal.presenters.machine_card import Shown
from portal.ways_in import registry
from portal.ways_in.ways import Facts
from tunnels.models import Tunnel


def show(machine: Machine, reader: User) -> Shown:
    return show_all([machine], reader)[0]


def show_all(machines: Collection[Machine], reader: User) -> list[Shown]:
    """Load machines as the reader sees them: in a dozen queries at most."""
    now = timezone.now()
    loaded = facts.load(machines, now)
    whys = {each.machine.pk: Why(each, now, each.machine.owner_for(reader)) for each in loaded}
    asleep = _asleep(loaded, reader, now)
    unheard = _unheard(machines)
    waits = make_room.estimates(machines, now)
    typical = typical_seconds_before({m.pk for m in machines if m.state == State.BUILDING})
    left = disk_images.left_of(machines)
    serves_screens = cache(lambda: CloudWatch.get_solo().serves_screens)  # a query, which no list needs
    ways_in = registry.load(Facts(machines, _tunnels(machines), serves_screens, reader, now))
    return [
        Shown(
            m,
            reader,
            ways_in.get(m.pk, []),
            progress_of(m, now, typical.get(m.pk)),
            now,
            whys[m.pk],
            waits.get(m.pk),
            serves_screens,
            left.get(m.pk),
            is_unheard=m.host in unheard,
            why_asleep=asleep.get(m.pk),
        )
        for m in machines
    ]


def _asleep(loaded: Iterable[facts.Facts], reader: User, now: datetime) -> dict[UUID, Note]:
    """Say which machines may not run, since their owner's subscription ended. No query where none has."""
    ended = {each.machine.owner_id: each.ended for each in loaded if each.ended}
    rows = [each.machine for each in loaded if each.ended and each.machine.wanted in _RESTING]
    return why_asleep([row for row in rows if row.binned_at is None], reader, now, ended)


def _unheard(machines: Iterable[Machine]) -> Collection[str]:
    """Return the nodes of machines that run and that do not answer. No query where none runs on a node."""
    hosts = {machine.host for machine in machines if machine.state == State.RUNNING and machine.host}
    return silence.unheard(hosts).keys() if hosts else ()


_RESTING = (Wanted.SUSPENDED, Wanted.SHELVED, Wanted.ARCHIVED)

# The columns of which ways in and sentences are made: the counters are most of a row, and a list has dozens of rows.
_READ = (
    "gateway__public_host", "gateway__heard_at", "holder", "port", "service", "scheme", "target_port", "knock", "extra", "wanted",
    "state", "state_note", "answered_at",
)  # fmt: skip


@compiled
def _kept(holders: Given) -> QuerySet[Tunnel]:
    rows = Tunnel.objects.live().kept().filter(Among(F("holder"), holders)).order_by("position", "created_at")
    return rows.select_related("gateway").only(*_READ)


def _tunnels(machines: Collection[Machine]) -> dict[UUID, list[Tunnel]]:
    found: dict[UUID, list[Tunnel]] = defaultdict(list)
    for tunnel in _kept(holders=[m.pk for m in machines]):
        found[tunnel.holder].append(tunnel)
    return found
