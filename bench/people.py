"""Measure the page People and the preview of an import, with many people: time and queries.

    python -m bench.people [PEOPLE]        10000

It starts an empty PostgreSQL of its own, fills it, and asks the pages as an administrator by Django's test client. Every figure is the
median of several requests. The goals: 300 ms for the page, 2 s for the preview of 5,000 lines, and ten queries for each.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable

from bench.idle import empty_site

RUNS = 7
FOUND = ("", "?q=nacato+77", "?q=zzz", "?q=u9999@example", "?role=student&page=100", "?since=90&state=active")
SORTED = ("?sort=username", "?sort=-machines", "?sort=-seen&q=nacato", "?sort=state&page=100")


def main() -> None:
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with empty_site("people"):
        _fill(people)
        _measure()


def _fill(people: int) -> None:
    from accounts.models import User

    User.objects.create(username="admin", roles=["admin"])
    User.objects.bulk_create(
        (
            User(username=f"u{n}", first_name="José", last_name=f"Ñacato {n}", email=f"u{n}@example.org")
            for n in range(people)
        ),
        batch_size=1_000,
    )


def _measure() -> None:
    from django.test import Client

    from accounts import people_csv, people_import
    from accounts.models import User

    _say_load()
    client = Client()
    client.force_login(User.objects.get(username="admin"))
    for query in (*FOUND, *SORTED):
        report(f"people/{query}", lambda query=query: client.get(f"/manage/people/{query}"))  # type: ignore[misc]
    text = "name;email\n" + "".join(f"Ana Núñez {n};ana{n}@example.org\n" for n in range(5_000))
    report("preview of 5,000 lines", lambda: client.post("/manage/people/import/", {"csv": text, "role": "student"}))
    report("its plan alone", lambda: people_import.plan(people_csv.read(text).lines))


def _say_load() -> None:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


def report(name: str, ask: Callable[[], object]) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    ask()
    seconds = []
    for _run in range(RUNS):
        began = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - began)
    with CaptureQueriesContext(connection) as queries:
        status = getattr(ask(), "status_code", "")
    print(f"{name}: {status} {1000 * statistics.median(seconds):.0f} ms, {len(queries)} queries")


if __name__ == "__main__":
    main()
