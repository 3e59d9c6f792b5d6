"""Hours of nodes: a ledger by month that is worked out from the times in which they were seen up, and which computer they were then.

Nothing is ever added to a row: the months that a look touched are worked out again, so that two workers, a clock that was set, a
restored database and a computer that is tied later all end in the same sums as `work_out` over everything.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from typing import TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from nodes.hypervisors.intervals import Interval, bounds_of, months_of, seconds, within, without
from nodes.hypervisors.models import Node, NodeSpell, NodeTie, ServedMonth

Row = tuple[int, int | None]  # node and computer
Kind = TypeVar("Kind", bound=Model)


def work_out(months: Iterable[date], nodes: Collection[int] | None = None) -> None:
    """Write the rows of these months anew. nodes: None for all. The caller holds the rows of the nodes, see `locked`."""
    for month in sorted(set(months)):
        _work_out(month, nodes)


def work_out_all(nodes: Collection[int] | None = None) -> None:
    """Write the whole ledger anew, from all that was ever seen of these nodes. nodes: None for all."""
    spells = _of(NodeSpell.objects.all(), nodes)
    zone = timezone.get_default_timezone()
    months = {month for spell in spells for month in months_of(spell.interval, zone)}
    months.update(_of(ServedMonth.objects.all(), nodes).values_list("month", flat=True))
    work_out(months, nodes)


def locked(nodes: Collection[int]) -> list[Node]:
    """Lock nodes until the transaction ends: what is written about their times is written by one at a time."""
    return list(Node.objects.select_for_update(no_key=True).filter(pk__in=nodes).order_by("pk"))


def _work_out(month: date, nodes: Collection[int] | None) -> None:
    wanted = _served(month, nodes)
    rows = {(row.node_id, row.computer_id): row for row in _of(ServedMonth.objects.filter(month=month), nodes)}
    gone = [row.pk for key, row in rows.items() if key not in wanted]
    changed = [row for key, row in rows.items() if key in wanted and row.seconds != wanted[key]]
    for row in changed:
        row.seconds = wanted[row.node_id, row.computer_id]
    new = [
        ServedMonth(node_id=node, computer_id=computer, month=month, seconds=amount)
        for (node, computer), amount in wanted.items()
        if (node, computer) not in rows
    ]
    ServedMonth.objects.filter(pk__in=gone).delete()
    ServedMonth.objects.bulk_update(changed, ["seconds"], batch_size=500)
    ServedMonth.objects.bulk_create(new, batch_size=500)


def _served(month: date, nodes: Collection[int] | None) -> dict[Row, int]:
    """Return for how many seconds each node was up in a month, by the computer that it was."""
    low, high = bounds = bounds_of(month, timezone.get_default_timezone())
    up: dict[int, list[Interval]] = defaultdict(list)
    for spell in _of(NodeSpell.objects.filter(began_at__lt=high, ended_at__gt=low), nodes):
        up[spell.node_id].append(spell.interval)
    ties = _ties(bounds, nodes)
    found: dict[Row, int] = {}
    for node, spells in up.items():
        inside = within(spells, [bounds])
        for computer, times in ties[node].items():
            found[node, computer] = seconds(within(inside, times))
        found[node, None] = seconds(without(inside, [time for times in ties[node].values() for time in times]))
    return {row: amount for row, amount in found.items() if amount}


def _ties(bounds: Interval, nodes: Collection[int] | None) -> dict[int, dict[int, list[Interval]]]:
    """Return of each node when it was which computer."""
    low, high = bounds
    found: dict[int, dict[int, list[Interval]]] = defaultdict(lambda: defaultdict(list))
    for tie in _of(NodeTie.objects.filter(Q(until=None) | Q(until__gt=low), since__lt=high), nodes):
        found[tie.node_id][tie.computer_id].append((tie.since, tie.until or high))
    return found


def _of(rows: QuerySet[Kind], nodes: Collection[int] | None) -> QuerySet[Kind]:
    """Return those of these nodes; all where `nodes` is None."""
    return rows if nodes is None else rows.filter(node__in=nodes)
