"""Looks of the worker at the cluster's computers, written down: their facts, what changed, and for how long they were up."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Greatest, Least
from django.utils import timezone

from cloud.contract import Host
from nodes.hypervisors import hours
from nodes.hypervisors.intervals import month_of, months_of
from nodes.hypervisors.models import ClusterHour, Node, NodeEvent, NodeSpell

# Between two looks, which wait five minutes for launches: a node that was up at both was up between them.
GAP = timedelta(minutes=7)
# What a look writes: facts of cloud.contract.Host.
FACTS = (
    "up", "enabled", "fenced", "note", "vcpus", "vcpus_used", "ram_mb", "ram_mb_used", "disk_gb", "disk_gb_used", "servers",
    "weight",
)  # fmt: skip
_CHANGING = (*FACTS, "since", "listed")
_HEARD = ("heard_at", "heard_anew_at")
Kind = NodeEvent.Kind


@transaction.atomic
def look(hosts: Iterable[Host], now: datetime) -> None:
    """Write down a whole list of the cluster's computers. Of two at once the later one waits; one that began earlier changes nothing."""
    listed = _by_name(hosts)
    known = set(Node.objects.values_list("name", flat=True))
    new = [Node(name=name, seen_at=now, first_seen_at=now) for name in listed if name not in known]
    Node.objects.bulk_create(new, ignore_conflicts=True)  # another worker may have met them at the same time
    nodes = list(Node.objects.select_for_update(no_key=True).order_by("pk"))
    before = {node.pk: [getattr(node, name) for name in _CHANGING] for node in nodes}
    events: list[NodeEvent] = []
    up: dict[int, bool] = {}
    # Another worker has seen more already. Nodes that seem to have been seen much later were seen by a clock that was set back since.
    due = [node for node in nodes if not timedelta() < node.seen_at - now < GAP]
    for node in due:
        was_up = node.up and node.listed
        events += _see(node, listed.get(node.name), now)
        if node.up:
            up[node.pk] = was_up
    _write(due, before, now)
    NodeEvent.objects.bulk_create(events, batch_size=500)
    _keep_times(up, now)
    _keep_hour([node for node in nodes if node.listed], now)


def _by_name(hosts: Iterable[Host]) -> dict[str, Host]:
    """Return hosts by their names. Of two of one name, like one that was set up anew, the one that works counts."""
    return {host.name: host for host in sorted(hosts, key=lambda each: (each.up, each.enabled))}


def _write(nodes: Sequence[Node], before: Mapping[int, list[Any]], now: datetime) -> None:
    """Write what was seen: of most nodes only that they were, and heard. before: the changing columns of each."""
    Node.objects.filter(pk__in=[node.pk for node in nodes if node.listed]).update(seen_at=now)
    changed = [node for node in nodes if before[node.pk] != [getattr(node, name) for name in _CHANGING]]
    Node.objects.bulk_update(changed, _CHANGING, batch_size=500)
    Node.objects.bulk_update([node for node in nodes if node.heard_anew_at == now], _HEARD, batch_size=500)


def _see(node: Node, host: Host | None, now: datetime) -> list[NodeEvent]:
    """Write what is seen of a node to it, and return what changed."""
    before = _standing(node)
    is_new = node.first_seen_at == now
    node.listed = host is not None
    if host is not None:
        _take(node, host, now)
        node.seen_at = now
    else:
        node.up = False
    after = _standing(node)
    if is_new:
        return [NodeEvent(node=node, at=now, kind=Kind.SEEN)]
    if before[:2] != after[:2]:
        node.since = now
    return [NodeEvent(node=node, at=now, kind=kind, note=note) for kind, note in _changes(before, after, node)]


def _take(node: Node, host: Host, now: datetime) -> None:
    for fact in FACTS:
        setattr(node, fact, getattr(host, fact))
    node.note = node.note[:255]
    if host.heard_at is not None and host.heard_at != node.heard_at:
        node.heard_at, node.heard_anew_at = host.heard_at, now


Standing = tuple[bool, bool, bool]  # up, enabled, listed


def _standing(node: Node) -> Standing:
    return node.up, node.enabled, node.listed


def _changes(before: Standing, after: Standing, node: Node) -> list[tuple[str, str]]:
    """Return the events of a change, each with its note."""
    (up_before, enabled_before, listed_before), (up, enabled, listed) = before, after
    found: list[tuple[str, str]] = []
    if listed != listed_before:
        found.append((Kind.LISTED if listed else Kind.UNLISTED, ""))
    if up != up_before and listed:
        found.append((Kind.UP if up else Kind.DOWN, ""))
    if enabled != enabled_before:
        found.append((Kind.ENABLED, "") if enabled else (Kind.DISABLED, node.note))
    return found


_LOADS = ("load_1", "load_5", "load_15")
Load = tuple[float, float, float]


@transaction.atomic
def note_loads(loads: Mapping[str, Load]) -> None:
    """Write down the loads of nodes by name; one that is not named tells none."""
    nodes = list(Node.objects.select_for_update(no_key=True).order_by("pk"))
    for node in nodes:
        node.load_1, node.load_5, node.load_15 = loads.get(node.name, (None, None, None))
    Node.objects.bulk_update(nodes, _LOADS, batch_size=500)


# ---- times ----


def _keep_times(up: Mapping[int, bool], now: datetime) -> None:
    """Let the times in which nodes were up last until now, and work out the hours of the months.

    up: of each node that is up whether it was so at the look before. One that was not begins a new time.
    """
    lasting = [node for node, was_up in up.items() if was_up]
    near = NodeSpell.objects.filter(node__in=lasting, began_at__lte=now + GAP, ended_at__gte=now - GAP).order_by("pk")
    last = {spell.node_id: spell for spell in near}
    months = {month_of(now, zone := timezone.get_default_timezone())}
    for spell in last.values():
        months.update(months_of((min(now, spell.ended_at), now), zone))
    NodeSpell.objects.filter(pk__in=[spell.pk for spell in last.values()]).update(
        began_at=Least("began_at", Value(now)), ended_at=Greatest("ended_at", Value(now))
    )
    NodeSpell.objects.bulk_create(
        [NodeSpell(node_id=node, began_at=now, ended_at=now) for node in up if node not in last], batch_size=500
    )
    hours.work_out(months, list(last))


def _keep_hour(listed: Sequence[Node], now: datetime) -> None:
    """Keep what the cluster is in this hour: the last counts, and the most that was used."""
    row, _is_new = ClusterHour.objects.select_for_update().get_or_create(
        at=now.replace(minute=0, second=0, microsecond=0)
    )
    carrying = [node for node in listed if node.up and node.enabled]
    row.nodes, row.nodes_up = len(listed), len(carrying)
    for room in ("vcpus", "ram_mb"):
        setattr(row, room, sum(getattr(node, room) for node in carrying))
        used = sum(getattr(node, f"{room}_used") for node in carrying)
        setattr(row, f"{room}_used", max(getattr(row, f"{room}_used"), used))
    row.save()
