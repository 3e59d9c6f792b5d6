"""Measure the page All machines, and one verb for many, with many machines, in seconds.

    python -m bench.fleet [MACHINES]        10000

It starts an empty PostgreSQL of its own, fills it, and asks the pages as an administrator by Django's test client. Every figure is the
median of several requests. The goal: 300 ms for the page. Tests count the queries.
"""

import sys
import time
from typing import Any

from bench.idle import empty_site
from bench.people import report

PEOPLE = 2_000
PRESSED = 1_000
PAGE = "/manage/machines/"


def main() -> None:
    machines = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with empty_site("fleet"):
        _fill(machines)
        _measure()


def _fill(machines: int) -> None:
    from accounts.models import User
    from machines.models import Machine
    from tests.factories import make_template
    from tunnels.models import Gateway, Tunnel

    User.objects.create(username="admin", roles=["admin"])
    people = [User(username=f"u{n}", first_name="José", last_name=f"Ñacato {n}") for n in range(PEOPLE)]
    owners = User.objects.bulk_create(people, batch_size=1_000)
    template = make_template()
    rows = Machine.objects.bulk_create(
        (_machine(n, owners[n % PEOPLE], template) for n in range(machines)), batch_size=1_000
    )
    gateway = Gateway.objects.create(
        name="vps", public_host="x", ssh_host="x", host_key="x", first_port=1_024, last_port=65_535, token_hash="x"
    )
    ports = (
        Tunnel(gateway=gateway, port=1_024 + n, holder=row.pk, service="ssh", target_port=22)
        for n, row in enumerate(rows)
    )
    Tunnel.objects.bulk_create(ports, batch_size=1_000)


def _machine(n: int, owner: Any, template: Any) -> Any:
    from machines.models import Machine

    state = ("running", "suspended", "archived")[n % 3]
    facts = {"state": state, "wanted": state, "host": f"node-{n % 500}", "address": f"10.0.{n // 250}.{n % 250}"}
    return Machine(owner=owner, template=template, name=f"m{n}", name_key=f"m{n}", server_id=f"s{n}", **facts)


def _measure() -> None:
    from django.test import Client

    from accounts.models import User

    client = Client()
    admin = User.objects.get(username="admin")
    client.force_login(admin)
    for query in ("", "?q=nacato+77", "?q=9000", "?state=running&sort=owner", "?sort=used&page=100"):
        report(f"machines/{query}", lambda query=query: client.get(f"{PAGE}{query}"))  # type: ignore[misc]
    report(
        "preview of all that run",
        lambda: client.post(f"{PAGE}bulk/", {"verb": "suspend", "all": "on", "query": "state=running"}),
    )
    _carry_out(admin)


def _carry_out(admin: Any) -> None:
    from django.utils import timezone

    from machines import bulk_preview, bulk_work
    from machines.models import Machine

    some = Machine.objects.filter(pk__in=Machine.objects.filter(state="running").values("pk")[:PRESSED])
    bulk_preview.start(run=bulk_preview.prepare(machines=some, verb="suspend", by=admin), by=admin)
    began, done = time.perf_counter(), 0
    while turn := bulk_work.carry_out(timezone.now()):
        done += turn
    print(f"{done} put to sleep: {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
