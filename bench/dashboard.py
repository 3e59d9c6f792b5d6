"""Measure the administrators' dashboard with many machines and people: milliseconds, queries, bytes as sent.

    python -m bench.dashboard [MACHINES [PEOPLE]]        10000 10000

It starts an empty PostgreSQL of its own, fills it as bench.idle does, with people, 90 days of counts, 200 computers and what becomes of idle
machines, and asks the pages as an administrator by Django's test client. Every figure is the median of several requests. The goals: 300 ms,
20 queries and 80 kB for the dashboard. What the worker does for it is measured, too. Tests count the queries.
"""

import argparse
import gzip
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bench import idle

RUNS = 7
HOSTS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description="What the dashboard costs.")
    parser.add_argument("machines", type=int, nargs="?", default=10_000)
    parser.add_argument("people", type=int, nargs="?", default=10_000)
    told = parser.parse_args()
    with idle.empty_site("dashboard"):
        _fill(told.machines, told.people)
        _measure()


def _fill(machines: int, people: int) -> None:
    from django.utils import timezone

    from accounts.models import User
    from machines.models import CloudWatch

    now = timezone.now()
    idle.fill(machines, now)
    _launch_some(now)
    more = people - User.objects.count()
    User.objects.bulk_create((User(username=f"p{n}", last_login=now) for n in range(more)), batch_size=2000)
    User.objects.create(username="admin", roles=["admin"])
    room = {
        "vcpus": 800,
        "vcpus_used": 300,
        "ram_mb": 1_600_000,
        "ram_mb_used": 900_000,
        "disk_gb": 9000,
        "disk_gb_used": 10,
    }
    CloudWatch.objects.create(pk=1, listed_at=now, steady_since=now, whole_at=now, room=room)
    _count_days(now)


def _count_days(now: datetime) -> None:
    from portal.dashboard.day_counts import day_of
    from portal.models import DayCount

    today, states = day_of(now), {"running": 6000, "suspended": 1500, "shelved": 1500, "archived": 500, "failed": 3}
    DayCount.objects.bulk_create(
        DayCount(
            day=today - timedelta(days=n), counted_at=now, launches=300 + n, launches_failed=n % 7, states=states, states_at=now,
            vcpus=800, vcpus_used=300 + n, ram_mb=1_600_000, ram_mb_used=900_000 + 1000 * n, requests=[n] * 13,
        )
        for n in range(90)
    )  # fmt: skip


def _launch_some(now: datetime) -> None:
    """Make every fortieth machine one that was launched on one of the last 90 days."""
    from machines.models import Machine

    for n, pk in enumerate(Machine.objects.values_list("pk", flat=True)[::40]):
        at = now - timedelta(days=n % 90)
        Machine.objects.filter(pk=pk).update(created_at=at, build_started_at=at)


def _hosts() -> list[Any]:
    """Return the computers of a cluster."""
    from cloud.contract import Host

    return [Host(f"node-{n}", n != 7, True, "", 8, n % 9, 16384, 80 * n, 200, n, n % 12) for n in range(HOSTS)]


def _measure() -> None:
    from django.test import Client
    from django.utils import timezone

    from accounts.models import User
    from nodes.hypervisors import looks
    from portal.dashboard import coming_week, day_counts

    now = timezone.now()
    _report("a worker: the next 7 days", lambda: coming_week.work_out(timezone.now()))
    _report("a worker: counts of the day", lambda: day_counts.count_days(timezone.now()))
    looks.look(_hosts(), now)
    client = Client()
    client.force_login(User.objects.get(username="admin"))
    for address in (
        "/manage/",
        "/manage/?days=90",
        "/manage/idle/",
        "/manage/idle/?deed=put_away&page=20",
        "/manage/cloud/",
    ):
        _report(address, lambda address=address: client.get(address))  # type: ignore[misc]


def _report(name: str, ask: Callable[[], Any]) -> None:
    ask()
    seconds, answer, queries = [], None, 0
    for _run in range(RUNS):
        began = time.perf_counter()
        answer = ask()
        seconds.append(time.perf_counter() - began)
    _took, _processor, queries = idle.measured(ask)
    sent = f", {len(gzip.compress(answer.content)) / 1000:.1f} kB as sent" if answer is not None else ""
    print(f"{name}: {1000 * statistics.median(seconds):.0f} ms, {queries} queries{sent}")


if __name__ == "__main__":
    main()
