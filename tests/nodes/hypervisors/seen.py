"""Looks at a cluster, for tests."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cloud.contract import Host
from nodes.hypervisors import looks
from nodes.models import Node, NodeSpell, ServedMonth

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
QUINDE = Host("quinde", up=True, enabled=True, vcpus=4, vcpus_used=1, ram_mb=8192, ram_mb_used=2048, servers=1)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def look(minutes: float, *hosts: Host | str, **facts: Any) -> None:
    """A look so many minutes after START, at these hosts: QUINDE where none is named."""
    found = [replace(QUINDE, name=each) if isinstance(each, str) else each for each in hosts or (QUINDE,)]
    looks.look([replace(host, **facts) for host in found], at(minutes))


def watched(*spans: tuple[float, float]) -> Node:
    """quinde, looked at every five minutes of these spans, both ends included: more often is dearer and says the same (looks.GAP)."""
    for first, last in spans:
        for minute in (*range(int(first), int(last), 5), int(last)):
            look(minute)
    return Node.objects.get(name="quinde")


def served() -> dict[tuple[str, str, str], int]:
    """The ledger: minutes by node, computer and month."""
    rows = ServedMonth.objects.select_related("node", "computer")
    return {
        (row.node.name, row.computer.number if row.computer else "", f"{row.month:%Y-%m}"): row.seconds // 60
        for row in rows
    }


def seen_up(node: Node, *spans: tuple[float, float]) -> None:
    """Times in which it was seen up, in minutes after START, without looks."""
    NodeSpell.objects.bulk_create(NodeSpell(node=node, began_at=at(low), ended_at=at(high)) for low, high in spans)


def make_node(name: str = "quinde", **facts: Any) -> Node:
    return Node.objects.create(name=name, **{"seen_at": START, "first_seen_at": START, **facts})


def kinds(node: Node) -> Iterable[str]:
    return list(node.events.order_by("pk").values_list("kind", flat=True))
