"""Totals over facts that never change again, for counters that must never go down.

Every web process finds the same totals by itself, from the rows: what is old is added up once and kept, what is new is read each
time. So a counter is as monotonic as the rows are (none of them is ever deleted), whichever process is asked and however often
it is started, and a scrape costs what happened in the last minutes, not what happened in the last years.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Lock

from django.db import connection

# A row is old when no transaction that writes an earlier one can still be open, and no clock of ours is that wrong.
OLD = timedelta(minutes=5)
EVER = datetime(1970, 1, 1, tzinfo=UTC)
# Decimal, as PostgreSQL gives it: two processes that add in another order must not differ in the last digit.
Row = tuple[object, bool, int, Decimal]
Totals = dict[object, tuple[int, Decimal]]


class Tally:
    """`sql` gives (group, is old, count, seconds) of the rows since a moment; its arguments end with: old is before, since."""

    def __init__(self, sql: str, *arguments: list[int]) -> None:
        self._sql, self._arguments = sql, arguments
        self._lock = Lock()
        self._since, self._old = EVER, Totals()

    def read(self, now: datetime) -> Totals:
        """Return all totals as of now, by one query."""
        with self._lock:
            until = max(self._since, now - OLD)
            rows = self._rows(until)
            self._old = _added(self._old, [row for row in rows if row[1]])
            self._since = until
            return _added(self._old, [row for row in rows if not row[1]])

    def _rows(self, until: datetime) -> list[Row]:
        with connection.cursor() as cursor:
            cursor.execute(self._sql, [*self._arguments, until, self._since])
            rows: list[Row] = cursor.fetchall()
            return rows


def _added(totals: Totals, rows: Iterable[Row]) -> Totals:
    sums = dict(totals)
    for group, _is_old, count, seconds in rows:
        known, before = sums.get(group, (0, Decimal(0)))
        sums[group] = known + count, before + seconds
    return sums
