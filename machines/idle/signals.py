"""Signals of running machines, folded into their Activity rows: many at once, in a number of queries that does not grow.

A signal is written with two times: when it was last heard (`*_heard_at`) and when it last showed work (`*_at`). Nothing is decided here.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.failures import Failures
from cloud.contract import Cloud, CloudError, Diagnostics
from courses.models import Template
from courses.policy import IdlePolicy, policy_of
from lib import seldom
from machines.launches_under_way import are_launches_under_way
from machines.models import Activity, Machine
from machines.states import State
from tunnels.models import Gateway, Tunnel

log = logging.getLogger(__name__)
LOOP, LOAD_LOOP = "signals", "load"  # of accounts.failures

WINDOW = timedelta(minutes=1)  # shortest sample: two keep-alives that coincide are not work
USED_STEP = timedelta(minutes=30)  # resolution of Machine.used_at: the ages that count from it are days
AT_ONCE = 40  # servers in one call for diagnostics; the time limit is checked between calls
FEW = 8  # silent guests that go along with the first call
# While launches are under way a guest is asked after so many times as long. With a turn of sampling that is still less than
# the 2.5 times (forecast) after which its load is unknown: so it waits, and no decision does.
YIELD = 1.75

_PORTS = {
    "since": "timestamptz", "ports_heard_at": "timestamptz", "ports_at": "timestamptz", "ports_bytes": "bigint",
    "connections": "integer", "connected_at": "timestamptz",
}  # fmt: skip
_LOAD = {
    "since": "timestamptz", "load_heard_at": "timestamptz", "cpu_seconds": "float8", "disk_bytes": "bigint", "nic_bytes": "bigint",
    "cpu_percent": "float8", "disk_rate": "float8", "nic_rate": "float8", "cpu_at": "timestamptz", "disk_at": "timestamptz",
    "nic_at": "timestamptz",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Passed:
    """Traffic that the agents counted on all open ports of one machine."""

    bytes: int = 0  # of connections that did more than connect
    connections: int = 0
    last_byte_at: datetime | None = None
    heard: bool = True  # by every gateway of its ports; True for a machine without ports


def gather(now: datetime) -> None:
    """Write what the agents counted onto the rows of running machines. Seven queries, eight when a machine is new."""
    _begin()
    failures = Failures(LOOP, now).read()
    policies = _policies(failures)
    passed = _passed(now)
    rows = list(_running().filter(machine__template__in=policies).values_list("machine__template_id", *_known()))
    changed = []
    for template, machine, *known in rows:
        with failures.at(machine, holder=machine):
            before = Activity(machine_id=machine, **dict(zip(_PORTS, known, strict=True)))
            if _fold(before, passed.get(machine, Passed()), policies[template], now):
                changed.append(before)
    failures.write(changed, lambda rows: _write(_PORTS, rows), lambda row: row.machine_id)
    _note_use(now)


def _known() -> list[str]:
    return ["machine_id", *_PORTS]


def _running() -> "QuerySet[Activity]":
    return Activity.objects.filter(machine__state=State.RUNNING, machine__held_at__isnull=True)


def _begin() -> None:
    """Add a row for each machine that runs, and reset it at each start: what was heard before no longer counts."""
    runs = Machine.objects.not_held().filter(state=State.RUNNING)
    new = runs.filter(activity__isnull=True).values_list("pk", "state_since")
    Activity.objects.bulk_create([Activity(machine_id=pk, since=at) for pk, at in new], ignore_conflicts=True)
    since = Subquery(runs.filter(pk=OuterRef("pk")).values("state_since"))
    _running().filter(since__lt=F("machine__state_since")).update(
        since=since, ports_heard_at=None, load_heard_at=None, cpu_percent=None, disk_rate=None, nic_rate=None,
        connections=0, console_heard_at=None, console_open=0,
    )  # fmt: skip


def _policies(failures: Failures) -> dict[int, IdlePolicy]:
    used = Machine.objects.filter(state=State.RUNNING).values("template")
    found: dict[int, IdlePolicy] = {}
    for template in Template.objects.select_related("course").filter(pk__in=used):
        with failures.at(f"template {template.pk}"):
            found[template.pk] = policy_of(template)
    return found


def _passed(now: datetime) -> dict[UUID, Passed]:
    silent = [gateway.pk for gateway in Gateway.objects.all() if not gateway.is_heard(now)]
    sums = {
        "total": Sum("bytes_used"),
        "open_now": Sum("connections"),
        "last": Max("last_byte_at"),
        "unheard": Count("pk", filter=Q(gateway__in=silent)),
    }
    # The count of a port that leads nowhere now (its machine has no address) is out of date.
    ports = Tunnel.objects.live().filter(wanted="open").exclude(target_host="")
    rows = ports.order_by().values_list("holder").annotate(**sums)
    return {holder: Passed(int(total), int(count), last, not unheard) for holder, total, count, last, unheard in rows}


def _fold(row: Activity, passed: Passed, policy: IdlePolicy, now: datetime) -> bool:
    """Take over what passed. Return whether anything must be written. A sample starts over after a minute, or at once with work."""
    if not passed.heard:
        return False
    is_first = row.ports_heard_at is None
    length = max(now - (row.ports_heard_at or now), WINDOW)
    count = max(0, passed.bytes - row.ports_bytes)  # less than before: a port was given back
    is_work = not is_first and count > policy.port_bytes_per_minute * (length / timedelta(minutes=1))
    visited = passed.connections > 0 or (count > 0 and not is_first)
    last = min(passed.last_byte_at or now, now)
    if is_work:
        row.ports_at = max(last, row.ports_at or last)
    is_over = is_first or is_work or now - (row.ports_heard_at or now) >= WINDOW
    if not is_over and passed.connections == row.connections:
        return False
    if visited or (is_first and passed.last_byte_at and passed.last_byte_at > row.since):
        row.connected_at = now if passed.connections else last
    row.connections = passed.connections
    if is_over:
        row.ports_heard_at, row.ports_bytes = now, passed.bytes
    return True


def _note_use(now: datetime) -> None:
    """Let Machine.used_at follow the signals now and then: the long ages count from it, whoever puts the machine to sleep."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE machines_machine m SET used_at = a.last
            FROM (
              SELECT machine_id, LEAST(%s, GREATEST(since, ports_at, console_at, cpu_at, disk_at, nic_at)) AS last
              FROM machines_activity
            ) a
            WHERE m.id = a.machine_id AND m.held_at IS NULL AND m.state = %s AND m.used_at < a.last - %s::interval
            """,
            [now, State.RUNNING.value, str(USED_STEP)],
        )


# ---- load: what the cloud's hosts report of the guests ----


def sample(cloud: Cloud, now: datetime) -> int:
    """Ask for the load of machines heard longest ago, until the time is over. Returns how many answered.

    A machine that does not answer stays as it was: unknown after a while, never idle.
    """
    began, count, failures = timezone.now(), 0, Failures(LOAD_LOOP, now).read()
    for rows in _portions(now):
        if timezone.now() - began > timedelta(seconds=settings.IDLE_SAMPLE_SECONDS / 2):
            break  # the next turn goes on. Overlapping turns would ask twice
        if not rows:
            continue
        try:
            answers = cloud.diagnostics([row.machine.server_id for row in rows])
        except CloudError as error:
            seldom.warning(log, "diagnostics", "no diagnostics: %s", error)
            break
        at = now + (timezone.now() - began)
        heard = []
        for row in rows:
            with failures.at(row.machine_id, holder=row.machine_id):
                if (facts := answers.get(row.machine.server_id)) and _load(row, facts, at):
                    heard.append(row)
        failures.write(heard, lambda rows: _write(_LOAD, rows), lambda row: row.machine_id)
        count += len(heard)
    return count


def _portions(now: datetime) -> Iterator[Sequence[Activity]]:
    """Yield rows that answered lately, the longest unheard first, then silent ones. A few silent ones go along at once, in any order."""
    again = timedelta(seconds=settings.IDLE_LOAD_SECONDS)
    rows = _running().exclude(machine__server_id="").annotate(word=Coalesce("load_heard_at", "since"))
    rows = rows.select_related("machine__template__flavor", "machine__template__course")
    if are_launches_under_way(now):
        again *= YIELD
        rows = rows.filter(word__lte=now - again)
    else:
        rows = rows.filter(Q(load_heard_at__isnull=True) | Q(load_heard_at__lte=now - again))
    # Guests of a dead host must not delay all others: each costs a whole time-out.
    patience = now - 2 * again
    answering = list(rows.filter(word__gte=patience).order_by("word")[: settings.IDLE_SAMPLE_MOST])
    silent = list(rows.filter(word__lt=patience).order_by("?")[: settings.IDLE_SAMPLE_MOST])
    yield answering[:AT_ONCE] + silent[:FEW]
    for rest in (answering[AT_ONCE:], silent[FEW:]):
        yield from (rest[n : n + AT_ONCE] for n in range(0, len(rest), AT_ONCE))


def _load(row: Activity, counters: Diagnostics, at: datetime) -> bool:
    """Take over the counters, and the rates since the last ones. Returns False if the cloud knows none."""
    disk = _sum(counters.disk_read_bytes, counters.disk_write_bytes)
    nic = _sum(counters.nic_rx_bytes, counters.nic_tx_bytes)
    if (counters.cpu_seconds, disk, nic) == (None, None, None):
        return False
    policy, template = policy_of(row.machine.template), row.machine.template
    seconds = (at - row.load_heard_at).total_seconds() if row.load_heard_at else 0.0
    cpu = _rate(row.cpu_seconds, counters.cpu_seconds, seconds)
    row.cpu_percent = None if cpu is None else 100 * cpu / max(1, template.flavor.vcpus)
    row.disk_rate, row.nic_rate = _rate(row.disk_bytes, disk, seconds), _rate(row.nic_bytes, nic, seconds)
    row.cpu_at = at if (row.cpu_percent or 0) > policy.cpu_percent else row.cpu_at
    row.disk_at = at if (row.disk_rate or 0) > policy.disk_bytes_per_second else row.disk_at
    row.nic_at = at if (row.nic_rate or 0) > policy.nic_bytes_per_second else row.nic_at
    row.cpu_seconds, row.disk_bytes, row.nic_bytes, row.load_heard_at = counters.cpu_seconds, disk, nic, at
    return True


def _rate(before: float | None, now: float | None, seconds: float) -> float | None:
    """Return the rate per second; None at the first sample, or when the counter started over with the guest."""
    if before is None or now is None or seconds <= 0 or now < before:
        return None
    return (now - before) / seconds


def _sum(*parts: int | None) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _write(columns: dict[str, str], rows: Iterable[Activity]) -> None:
    """Write all rows in one statement; skip a row whose machine has restarted meanwhile. `columns` begin with `since`."""
    rows = list(rows)
    if not rows:
        return
    names = list(columns)
    arrays = ", ".join(f"%s::{kind}[]" for kind in columns.values())
    changes = ", ".join(f"{name} = v.{name}" for name in names[1:])
    values: list[list[Any]] = [[row.machine_id for row in rows], *([getattr(row, n) for row in rows] for n in names)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE machines_activity a SET {changes} "  # noqa: S608 - names of our own columns
            f"FROM unnest(%s::uuid[], {arrays}) AS v(machine_id, {', '.join(names)}) "
            "WHERE a.machine_id = v.machine_id AND a.since = v.since",
            values,
        )
