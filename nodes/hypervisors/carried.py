"""Machines that nodes carried, written from above by whoever knows machines: each machine once a month, with its time on the node."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count
from django.utils import timezone

from nodes.hypervisors.intervals import month_of
from nodes.hypervisors.models import CarriedMonth, Node, NodeTie

GAP = timedelta(minutes=12)  # between two notes: what ran at both ran between them
BATCH = 1000
# Two workers at once: the second finds what the first wrote, and adds only what is left.
_ADD = """
INSERT INTO nodes_carriedmonth AS c (node_id, computer_id, month, holder, person, first_at, last_at, seconds) VALUES {rows}
ON CONFLICT (node_id, month, holder, computer_id) DO UPDATE SET
    seconds = c.seconds + CASE WHEN excluded.last_at > c.last_at AND excluded.last_at - c.last_at <= %s::interval
        THEN round(extract(epoch FROM excluded.last_at - c.last_at)) ELSE 0 END,
    last_at = CASE WHEN excluded.last_at > c.last_at OR c.last_at - excluded.last_at > %s::interval THEN excluded.last_at ELSE c.last_at END
"""
_OTHERS = "node_id = %(node)s AND computer_id IS DISTINCT FROM %(computer)s AND last_at >= %(since)s"
# What ran on both sides of the time counts for both: until it, and from then on.
_COUNT = """
INSERT INTO nodes_carriedmonth AS c (node_id, computer_id, month, holder, person, first_at, last_at, seconds)
SELECT node_id, %(computer)s::bigint, month, holder, max(person), greatest(min(first_at), %(since)s), max(last_at),
    sum(least(seconds, round(extract(epoch FROM last_at - greatest(first_at, %(since)s)))))
FROM nodes_carriedmonth WHERE {others} GROUP BY node_id, month, holder
ON CONFLICT (node_id, month, holder, computer_id) DO UPDATE SET
    first_at = least(c.first_at, excluded.first_at), last_at = greatest(c.last_at, excluded.last_at), seconds = c.seconds + excluded.seconds
"""
_FORGET = "DELETE FROM nodes_carriedmonth WHERE {others} AND first_at >= %(since)s"
_CUT = """
UPDATE nodes_carriedmonth SET last_at = %(since)s, seconds = least(seconds, round(extract(epoch FROM %(since)s - first_at))) WHERE {others}
"""


@dataclass(frozen=True, slots=True)
class Carried:
    """A machine that runs now. host: the name of its node. person: the number of its owner."""

    host: str
    holder: UUID
    person: int


def note(carried: Iterable[Carried], now: datetime) -> None:
    """Write down what runs now. Names of no known node are left out."""
    nodes = dict(Node.objects.values_list("name", "pk"))
    ties = dict(NodeTie.objects.filter(until=None, since__lte=now).values_list("node", "computer"))
    month = month_of(now, timezone.get_default_timezone())
    rows = [
        (nodes[each.host], ties.get(nodes[each.host]), month, each.holder, each.person, now, now)
        for each in sorted(carried, key=lambda each: (each.host, each.holder))
        if each.host in nodes
    ]
    gap = f"{GAP.total_seconds():.0f} seconds"
    with connection.cursor() as cursor:
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            values: list[Any] = [value for row in batch for value in row]
            cursor.execute(
                _ADD.format(rows=", ".join(["(%s, %s, %s, %s, %s, %s, %s, 0)"] * len(batch))), [*values, gap, gap]
            )


def count_for(node: int, computer: int | None, *, since: datetime) -> None:
    """Let what a node carried from a time on count for this computer, or for none, whatever it counted for. In a transaction."""
    facts = {"node": node, "computer": computer, "since": since}
    with connection.cursor() as cursor:
        for statement in (_COUNT, _FORGET, _CUT):
            cursor.execute(statement.format(others=_OTHERS), facts)


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums of what a computer carried: machines and their owners, each counted once."""

    machines: int = 0
    people: int = 0


def sums(computers: Iterable[int]) -> dict[int, Sums]:
    """Return what each of these computers carried in all its time. One query."""
    rows = CarriedMonth.objects.filter(computer__in=computers).order_by().values("computer")
    counted = rows.annotate(machines=Count("holder", distinct=True), people=Count("person", distinct=True))
    return {row["computer"]: Sums(row["machines"], row["people"]) for row in counted}


def together(computers: Iterable[int], month: date | None = None) -> Sums:
    """Return what these computers carried together: what two of them carried counts once. month: its first day; None: in all their time."""
    rows = CarriedMonth.objects.filter(computer__in=computers)
    rows = rows if month is None else rows.filter(month=month)
    return Sums(**rows.aggregate(machines=Count("holder", distinct=True), people=Count("person", distinct=True)))
