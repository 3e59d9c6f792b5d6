"""Terminals of the portal as a sign of use: what each live process reports of its open ones, folded into Activity rows.

A report is whole: whatever a process does not name is closed there. So it may be lost, or come twice, and a restarted process needs no
memory (ADR 122).
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from machines.idle.forecast import TERMINALS_LATE
from machines.models import Activity
from machines.states import State

# A machine's row is written no more often, unless a terminal was opened or closed, or used after so long a time without use.
RENEW = timedelta(seconds=30)
QUIET = RENEW + timedelta(seconds=10)
# Pages come back so soon after a restart of their live process. Until then, what the one before it left open is not closed.
COMING_BACK = timedelta(seconds=60)
MOST = 1000  # terminals of one machine that are counted


@dataclass(frozen=True, slots=True)
class Reporter:
    """A live process: the name under which it reports, and since when it runs."""

    name: str
    since: datetime

    @classmethod
    def begin(cls, now: datetime) -> "Reporter":
        """Name a process that has just started."""
        return cls(secrets.token_hex(4), now)


@transaction.atomic
def hear(reporter: Reporter, open_now: Mapping[UUID, int], used: Mapping[UUID, datetime], now: datetime) -> None:
    """Take over a report of one live process. Two queries at most, whatever the number of machines.

    open_now: its open terminals, by machine. used: when bytes last passed, typed or printed, of all that were used lately, be they closed by
    now: not each report is written, so each use is reported again until it must have been.
    """
    machines = list(open_now.keys() | used.keys())
    if machines:
        _renew(reporter, machines, open_now, used, now)
    _close_others(reporter, [pk for pk, count in open_now.items() if count > 0], now)


def unheard(now: datetime) -> "QuerySet[Activity]":
    """Select machines that are left alone because nothing is heard of their open terminals."""
    rows = Activity.objects.filter(machine__state=State.RUNNING, machine__held_at__isnull=True, console_open__gt=0)
    return rows.exclude(console_heard_at__gte=now - TERMINALS_LATE)


# Rows that another transaction has locked are skipped, so a report never waits and never deadlocks with the sweeps that
# write many rows of this table at once. The next report brings the same.


def _renew(
    by: Reporter, machines: list[UUID], open_now: Mapping[UUID, int], used: Mapping[UUID, datetime], now: datetime
) -> None:
    counts = [min(max(0, open_now.get(pk, 0)), MOST) for pk in machines]
    values: dict[str, Any] = {"machines": machines, "counts": counts, "used": [used.get(pk) for pk in machines]}
    with connection.cursor() as cursor:
        cursor.execute(
            _RENEW, {**values, "by": by.name, "now": now, "renew": now - RENEW, "quiet": QUIET.total_seconds()}
        )


def _close_others(by: Reporter, machines: list[UUID], now: datetime) -> None:
    """Close the terminals that this process had before, and those of processes that are heard no more: they ended with them."""
    late = now - TERMINALS_LATE if now - by.since >= COMING_BACK else None
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, {"open": machines, "by": by.name, "late": late, "now": now})


_RENEW = """
WITH told AS (
    SELECT * FROM unnest(%(machines)s::uuid[], %(counts)s::integer[], %(used)s::timestamptz[]) AS t(machine_id, open, used_at)
), due AS (
    SELECT machine_id, open, CASE WHEN used_at IS NOT NULL THEN LEAST(used_at, %(now)s) END AS used_at
    FROM machines_activity a JOIN told USING (machine_id)
    WHERE a.console_open <> open OR a.console_heard_at IS NULL OR a.console_heard_at <= %(renew)s
        OR (open = 0 AND used_at > COALESCE(a.console_at, a.since))
        OR LEAST(used_at, %(now)s) > COALESCE(a.console_at, a.since) + make_interval(secs => %(quiet)s)
    FOR UPDATE OF a SKIP LOCKED
)
UPDATE machines_activity a
SET console_heard_at = %(now)s, console_open = due.open, console_at = GREATEST(a.console_at, due.used_at), console_by = %(by)s
FROM due WHERE a.machine_id = due.machine_id
"""
_CLOSE = """
WITH due AS (
    SELECT machine_id FROM machines_activity
    WHERE console_open > 0 AND machine_id <> ALL(%(open)s::uuid[])
        AND (console_by = %(by)s OR console_heard_at IS NULL OR console_heard_at <= %(late)s::timestamptz)
    FOR UPDATE SKIP LOCKED
)
UPDATE machines_activity a SET console_heard_at = %(now)s, console_open = 0 FROM due WHERE a.machine_id = due.machine_id
"""
