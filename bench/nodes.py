"""Measure the pages of the cluster and of donors with few nodes and with many, in one run: milliseconds, queries, and the ratio.

    python -m bench.nodes [NODES [MACHINES [MONTHS]]]        500 5000 24

It starts an empty PostgreSQL of its own. First 10 nodes with 100 machines and the months of history, then all: each node is a computer of one
of 50 donors, was up in a time a week, has four events a month, and carried its machines each month. The goal is a ratio near 1 for pages of
one node and one donor, and the same number of queries for all. A look of the worker at the whole list is measured, too.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from bench import idle

RUNS = 9
FEW = (10, 100)  # nodes and machines of the first measure
DONORS = 50
WEEK = timedelta(days=7)


def main() -> None:
    parser = argparse.ArgumentParser(description="What nodes cost.")
    parser.add_argument("nodes", type=int, nargs="?", default=500)
    parser.add_argument("machines", type=int, nargs="?", default=5_000)
    parser.add_argument("months", type=int, nargs="?", default=24)
    told = parser.parse_args()
    with idle.empty_site("nodes"):
        from django.utils import timezone

        now = timezone.now()
        _people()
        few = _filled_and_measured(range(FEW[0]), FEW[1], told.months, now)
        many = _filled_and_measured(range(FEW[0], told.nodes), told.machines, told.months, now)
        print(f"{'':42}{'10 nodes':>16}{told.nodes:>10} nodes   ratio")
        for name, (seconds, queries) in many.items():
            before, queries_before = few[name]
            print(
                f"{name:42}{1000 * before:8.1f} ms {queries_before:3}{1000 * seconds:12.1f} ms {queries:3}{seconds / before:8.2f}"
            )


def _people() -> None:
    from accounts.models import Donor, User

    users = User.objects.bulk_create(User(username=f"donor{n}", roles=["donor"]) for n in range(DONORS))
    Donor.objects.bulk_create(
        Donor(email=f"d{n}@example.org", name=f"Donor {n}", user=user, verified_at=None) for n, user in enumerate(users)
    )
    User.objects.create(username="admin", roles=["admin"])


def _filled_and_measured(numbers: range, machines: int, months: int, now: datetime) -> dict[str, tuple[float, int]]:
    _fill(numbers, machines, months, now)
    return _measure()


def _fill(numbers: range, machines: int, months: int, now: datetime) -> None:
    """Add nodes with their computers and history. machines: of all nodes together."""
    from nodes.hypervisors import hours, looks
    from nodes.models import Node

    began = now - timedelta(days=30 * months)
    computers = _computers(numbers)
    looks.look(_hosts(numbers.stop, now), now)
    nodes = list(Node.objects.filter(name__in=[f"node-{n}" for n in numbers]).order_by("pk"))
    Node.objects.update(first_seen_at=began)
    pairs = list(zip(nodes, computers, strict=True))
    _history(pairs, began, 30 * months // 7)
    hours.work_out_all([node.pk for node in nodes])
    _carried(pairs, numbers, max(1, machines // numbers.stop), [began + timedelta(days=30 * n) for n in range(months)])


def _computers(numbers: range) -> list[Any]:
    from accounts.models import Donor
    from nodes.models import Computer, Donation

    donors = list(Donor.objects.order_by("pk"))
    gifts = Donation.objects.bulk_create(Donation(donor=donors[n % DONORS], handover="bring") for n in numbers)
    facts = {"kind": "desktop", "state": "in_service", "year": 2012}
    return Computer.objects.bulk_create(Computer(donation=gift, **facts) for gift in gifts)


def _history(pairs: list[tuple[Any, Any]], began: datetime, weeks: int) -> None:
    """Let each node be its computer, be up six days a week, and fail once in each."""
    from nodes.models import NodeEvent, NodeSpell, NodeTie

    NodeTie.objects.bulk_create(NodeTie(node=node, computer=computer, since=began) for node, computer in pairs)
    starts = [(node, began + n * WEEK) for node, _computer in pairs for n in range(weeks)]
    NodeSpell.objects.bulk_create(
        (NodeSpell(node=node, began_at=at, ended_at=at + timedelta(days=6)) for node, at in starts), batch_size=5000
    )
    NodeEvent.objects.bulk_create(
        (NodeEvent(node=node, at=at, kind=kind) for node, at in starts for kind in ("down", "up")), batch_size=5000
    )


def _carried(pairs: list[tuple[Any, Any]], numbers: range, each: int, times: list[datetime]) -> None:
    """Let each node carry so many machines of its own in each month."""
    from nodes.models import CarriedMonth

    months = dict.fromkeys(at.date().replace(day=1) for at in times)
    CarriedMonth.objects.bulk_create(
        (
            CarriedMonth(
                node=node, computer=computer, month=month, holder=UUID(int=each * at + n), person=n, first_at=times[0], last_at=times[0],
                seconds=3600,
            )
            for at, (node, computer) in enumerate(pairs, numbers.start)
            for month in months
            for n in range(each)
        ),
        batch_size=5000,
    )  # fmt: skip


def _hosts(count: int, now: datetime) -> list[Any]:
    """Return a list as the cloud tells it: each node reported just now."""
    from cloud.contract import Host

    rows = (("", 8, n % 9, 16384, 80 * (n % 50), 200, n % 9, n % 12, now) for n in range(count))
    return [Host(f"node-{n}", n % 70 != 7, True, *row) for n, row in enumerate(rows)]


def _measure() -> dict[str, tuple[float, int]]:
    from django.test import Client
    from django.utils import timezone

    from accounts.models import User
    from nodes.hypervisors import looks
    from nodes.models import Node

    staff, donor = Client(), Client()
    staff.force_login(User.objects.get(username="admin"))
    donor.force_login(User.objects.get(username="donor3"))
    node = Node.objects.get(name="node-3").pk
    count = Node.objects.count()
    pages: dict[str, Callable[[], Any]] = {
        "the cluster": lambda: staff.get("/manage/nodes/"),
        "one node": lambda: staff.get(f"/manage/nodes/{node}/"),
        "a donor's page": lambda: donor.get("/donating/"),
        "a look of the worker": lambda: looks.look(_hosts(count, at := timezone.now()), at),
    }
    return {name: _cost(ask) for name, ask in pages.items()}


def _cost(ask: Callable[[], Any]) -> tuple[float, int]:
    """Return the median of seconds, and how many queries it takes."""
    ask()
    seconds = []
    for _run in range(RUNS):
        began = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), idle.measured(ask)[2]


if __name__ == "__main__":
    main()
