"""Measure one whole sweep over idle machines: seconds and queries, with few machines and with many.

    python -m bench.idle [MACHINES …]        1000 10000

It starts an empty PostgreSQL of its own (as careless as the tests' one: it does not wait for the disk), fills it with machines in mixed
states (of twenty: eight run and are quiet, three run and are busy, one cannot be heard, one was asked and told, three sleep, three are
put away, one is archived) with two ports each, templates of ten courses, holds, lessons and questions, and runs
`signals.gather` and the decisions of `machines.idle.enforce` on them. What is done after the decisions is bounded (settings.IDLE_MOST)
and reported by itself. Every figure is the median of several sweeps; before each one, the agents have counted on.
"""

import argparse
import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from deploy.local import child, free_ports
from deploy.local.postgres import Postgres

RUNS = 7
PEOPLE = 500
DAY = timedelta(days=1)
# Of twenty machines: (state, how many). `seen` below says what is known of those that run.
MIX = [("quiet", 8), ("busy", 3), ("dark", 1), ("asked", 1), ("suspended", 3), ("shelved", 3), ("archived", 1)]
KINDS = [kind for kind, count in MIX for _n in range(count)]


@contextmanager
def database(folder: Path, *, careless: bool = True) -> Iterator[None]:
    """Start an empty PostgreSQL. careless: as the tests' one, which does not wait for the disk."""
    postgres = Postgres(folder / "postgres", free_ports.free_port(), "bench", careless=careless)
    postgres.prepare()
    program = child.Program(
        "postgres", postgres.command(), folder=postgres.folder, become=postgres.become, gently=signal.SIGINT
    )
    process = child.start(program, log=folder / "postgres.log", pidfile=folder / "postgres.pid")
    try:
        os.environ.update(
            SECRET_KEY="bench-only-" + "x" * 50,
            DATABASE_URL=postgres.url,
            DB_POOL="off",
            LOG_LEVEL="ERROR",
            REDIS_URL="memory://localhost/",
            DJANGO_SETTINGS_MODULE="portal.settings",
        )
        _wait(postgres.url)
        yield
    finally:
        child.end(process, program, pidfile=folder / "postgres.pid")


@contextmanager
def empty_site(name: str) -> Iterator[None]:
    """Set Django up on an empty, migrated database of its own, for a test client to ask."""
    with tempfile.TemporaryDirectory(prefix=f"minga-{name}-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        with database(Path(folder)):
            import django

            django.setup()
            from django.conf import settings
            from django.core.management import call_command

            settings.ALLOWED_HOSTS = ["testserver"]
            call_command("migrate", verbosity=0)
            call_command("createcachetable", verbosity=0)
            yield


def _wait(url: str) -> None:
    import psycopg

    for _try in range(600):
        try:
            return psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise SystemExit("PostgreSQL did not answer.")


def fill(number: int, now: datetime) -> None:
    """Insert rows as they would be after some weeks; nothing is launched."""
    from accounts.models import User
    from machines.models import Machine

    for model in _tables():
        model.objects.all().delete()
    User.objects.bulk_create(User(username=f"s{n}", email=f"s{n}@example.org") for n in range(PEOPLE))
    people, templates = list(User.objects.all()), _templates(now)
    rows = [_machine(n, people[n % PEOPLE], templates[n % len(templates)], now) for n in range(number)]
    Machine.objects.bulk_create(rows, batch_size=2000)
    _signals(rows, _gateway(now), now)


def _gateway(now: datetime) -> Any:
    from tunnels.models import Gateway

    facts = dict.fromkeys(("public_host", "ssh_host", "host_key", "token_hash"), "x")
    return Gateway.objects.create(name="vps", first_port=1, last_port=65535, heard_at=now, **facts)


def _machine(number: int, owner: Any, template: Any, now: datetime) -> Any:
    from machines.models import Machine

    kind = KINDS[number % 20]
    state = kind if kind in ("suspended", "shelved", "archived") else "running"
    past = now - timedelta(hours=3) - (number % 100) * DAY * (state != "running") * 0.3
    server_id = f"server-{number}" if state != "archived" else ""
    facts = {"name": f"m{number}", "state": state, "wanted": state, "state_since": past, "used_at": past}
    return Machine(owner=owner, template=template, server_id=server_id, **facts)


def _tables() -> list[Any]:
    from accounts.models import User
    from courses.models import Course, Template
    from machines.models import Activity, Hold, Machine, Question
    from tunnels.models import Gateway, Tunnel

    return [Tunnel, Gateway, Question, Hold, Activity, Machine, Template, Course, User]


def _templates(now: datetime) -> list[Any]:
    from catalog.models import Flavor, Image
    from courses.models import Course, Lesson, Template

    image = Image.objects.get_or_create(cloud_id="i", defaults={"name": "Tiny"})[0]
    size = {"name": "small", "vcpus": 1, "ram_mb": 256, "disk_gb": 1}
    flavor = Flavor.objects.get_or_create(cloud_id="f", defaults=size)[0]
    made = []
    for n in range(10):
        course = Course.objects.create(slug=f"c{n}", name=f"C{n}", idle={"idle_minutes": 45 + n})
        # Two of the ten are in session.
        start = now - timedelta(minutes=30) if n < 2 else now - 2 * DAY
        Lesson.objects.create(course=course, starts_at=start, ends_at=start + timedelta(hours=2))
        for m in range(3):
            facts = {"name": f"T{n}{m}", "summary": "x", "image": image, "flavor": flavor, "idle": {"bin_days": 7 + m}}
            made.append(Template.objects.create(slug=f"t{n}{m}", course=course, **facts))
    return made


def _signals(rows: list[Any], gateway: Any, now: datetime) -> None:
    from machines.models import Activity, Hold, Question
    from tunnels.models import Tunnel

    running = [(row, KINDS[n % 20]) for n, row in enumerate(rows) if row.state == "running"]
    Activity.objects.bulk_create([_activity(row, kind, now) for row, kind in running], batch_size=2000)
    Tunnel.objects.bulk_create(
        (_tunnel(gateway, row, n, k) for n, row in enumerate(rows) for k in (0, 1)), batch_size=2000
    )
    asked = [row for row, kind in running if kind == "asked"]
    half = timedelta(minutes=5)
    Question.objects.bulk_create(Question(machine=row, asked_at=now - half, ends_at=now + 2 * half) for row in asked)
    Hold.objects.bulk_create(
        Hold(machine=row, kind="more", starts_at=now - DAY, ends_at=now - timedelta(minutes=n % 120))
        for n, (row, _kind) in enumerate(running[::5])
    )


def _tunnel(gateway: Any, row: Any, number: int, position: int) -> Any:
    from tunnels.models import Tunnel

    state = "open" if row.state == "running" else "closed"
    port = {"port": 1 + 2 * number + position, "target_port": 22 + position, "position": position}
    counts = {"bytes_in": 10**6, "bytes_out": 10**6, "bytes_used": 2 * 10**6}
    return Tunnel(gateway=gateway, holder=row.pk, service=f"s{position}", wanted=state, state=state, **port, **counts)


def _activity(row: Any, kind: str, now: datetime) -> Any:
    from machines.models import Activity

    heard = now - timedelta(seconds=70)
    load = now - timedelta(hours=1) if kind == "dark" else heard
    return Activity(
        machine=row,
        since=row.state_since,
        ports_heard_at=heard,
        ports_bytes=4 * 10**6,
        load_heard_at=load,
        connected_at=heard - DAY / 12,
        cpu_seconds=1.0,
        disk_bytes=1,
        nic_bytes=1,
        cpu_percent=50.0 if kind == "busy" else 0.2,
        disk_rate=0.0,
        nic_rate=0.0,
        cpu_at=heard if kind == "busy" else None,
    )


def count_on(now: datetime) -> None:
    """Do what agents do between two sweeps: count something on every port, more than a keep-alive on some."""
    from django.db.models import F

    from machines.models import Activity
    from tunnels.models import Gateway, Tunnel

    Gateway.objects.update(heard_at=now)
    Tunnel.objects.filter(wanted="open").update(bytes_used=F("bytes_used") + 300, last_byte_at=now)
    Tunnel.objects.filter(wanted="open", port__endswith="7").update(bytes_used=F("bytes_used") + 90_000, connections=1)
    Activity.objects.update(ports_heard_at=now - timedelta(seconds=70))


def measured(work: Callable[[], Any]) -> tuple[float, float, int]:
    """Return seconds, seconds of this process's processor, and queries."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as seen:
        began, processor = time.perf_counter(), time.process_time()
        work()
        took = time.perf_counter() - began, time.process_time() - processor
    return *took, len(seen)


def run(number: int) -> None:
    from django.utils import timezone

    from machines.idle import enforce, signals

    fill(number, timezone.now())
    parts: dict[str, list[tuple[float, float, int]]] = {"gather": [], "look": [], "plan": []}
    due = 0
    for _run in range(RUNS):
        now = timezone.now()
        count_on(now)
        parts["gather"].append(measured(lambda now=now: signals.gather(now)))
        outlooks: list[Any] = []
        parts["look"].append(measured(lambda now=now, into=outlooks: into.extend(enforce.load_outlooks(now))))
        parts["plan"].append(measured(lambda now=now, from_=outlooks: enforce.plan(from_, now)))
        due = len(enforce.plan(outlooks, now))
    whole = [sum(part[n][0] for part in parts.values()) for n in range(RUNS)]
    queries = {name: sorted({one[2] for one in part}) for name, part in parts.items()}
    print(f"{number} machines: a whole sweep {_s(whole)}, queries {queries}; {due} are due")
    for name, part in parts.items():
        print(
            f"  {name:<7} {_s([one[0] for one in part])}, of it this process's processor {_s([one[1] for one in part])}"
        )
    _act(number)


def _act(number: int) -> None:
    """Measure the acts by themselves: their number is bounded."""
    from django.conf import settings
    from django.utils import timezone

    from machines.idle import enforce

    outcome: list[Any] = []
    took, _processor, queries = measured(lambda: outcome.extend(enforce.tick(timezone.now())))
    print(f"  with {len(outcome)} things done (at most {settings.IDLE_MOST}): {took:.2f} s, {queries} queries")


def _s(times: list[float]) -> str:
    return f"{statistics.median(times):.2f} s (most {max(times):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description="What one whole sweep over idle machines costs.")
    parser.add_argument("machines", type=int, nargs="*", default=[1000, 10000])
    numbers = parser.parse_args().machines
    with empty_site("idle"):
        print(f"{os.cpu_count()} processors, {subprocess.getoutput('uptime').split('load')[-1]}", flush=True)
        for number in numbers:
            run(number)


if __name__ == "__main__":
    main()
