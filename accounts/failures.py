"""Loops over rows in which no row stops the others: each failure is caught, counted, backed off and shown to administrators.

failures = Failures("mail", now)
for row in due.exclude(pk__in=failures.resting):
    with failures.at(row.pk) as tried:
        send(row)
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, F, Min, QuerySet
from django.utils import timezone

from accounts.models import RowFailure

log = logging.getLogger(__name__)

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
LONGEST_BUSY_PAUSE = timedelta(minutes=5)  # a row that was only busy is well again soon
# All loops that use this, as /metrics and the administrators' page name them.
LOOPS = (
    "step", "list", "strays", "needless servers", "idle", "signals", "load", "mail", "lines", "tenants", "tunnels", "copies", "needless copies", "reports",
    "catalog", "accounts", "addresses", "first boots", "upgrade", "keys", "absent", "bulk",
    "cloud users", "subscriptions", "lapsed", "months", "leaving",
)  # fmt: skip
BATCH = 500  # rows of a kind in one pass
ENOUGH = 3  # failures in a row: then the fault is hardly in the rows

Row = TypeVar("Row")
Result = TypeVar("Result")
Errors = tuple[type[Exception], ...]


@dataclass(slots=True)
class Tried:
    """The outcome of one row. `failure` is set when it failed."""

    failure: RowFailure | None = None


class Failures:
    """The rows of one loop that fail. Its table is read only when `known` or `resting` is asked, or when a row fails."""

    def __init__(self, loop: str, now: datetime | None = None) -> None:
        self.loop = loop
        self._now = now
        self.in_a_row = 0  # failures since the last row that went well
        self.failed: set[str] = set()  # keys of this pass
        self._cleared: dict[str, RowFailure] = {}  # deleted in this pass, by key

    @cached_property
    def known(self) -> dict[str, RowFailure]:
        """Return all failures of this loop, by key. One query."""
        return {row.key: row for row in RowFailure.objects.filter(loop=self.loop)}

    def read(self) -> "Failures":
        """Read the table now, so that the failures of rows that go well from here on are deleted."""
        _known = self.known
        return self

    @property
    def resting(self) -> list[str]:
        """Return the keys of rows that are not to be tried yet."""
        return [key for key, row in self.known.items() if row.next_at > self.now]

    @property
    def now(self) -> datetime:
        """Return the time of this pass."""
        return self._now or timezone.now()

    @property
    def is_enough(self) -> bool:
        """Return whether so many rows failed one after the other that the loop should end and come again."""
        return self.in_a_row >= ENOUGH

    @contextmanager
    def at(self, key: object, *, holder: UUID | None = None, busy: Errors = (), passes: Errors = ()) -> Iterator[Tried]:
        """Deal with one row. Whatever is raised is counted and goes no further, but for `passes` and a lost database.

        busy: errors that pass by themselves. They get one line in the log and a short pause.
        """
        tried = Tried()
        try:
            yield tried
        except passes:
            raise
        except Exception as error:
            if _is_database_lost():
                raise
            self.in_a_row += 1
            self.failed.add(_clean(key))
            self._restore(_clean(key))
            if (before := self.known.get(_clean(key))) and before.next_at > self.now:
                tried.failure = before  # a loop that cannot leave it out: it is counted when its time has come
            else:
                tried.failure = self._count(_clean(key), error, holder, is_busy=isinstance(error, busy))
        else:
            self.in_a_row = 0
            self._clear(_clean(key))

    def each_of(self, kind: str, rows: "QuerySet[Any, Any]", work: Callable[[int], object]) -> None:
        """Do the work for each row of a kind by its key, for BATCH of them at most. Rows that are not to be tried yet are left out."""
        resting = [key.partition(":")[2] for key in self.resting if key.startswith(f"{kind}:")]
        for pk in list(rows.exclude(pk__in=resting).order_by("pk").values_list("pk", flat=True)[:BATCH]):
            with self.at(f"{kind}:{pk}"):
                work(pk)

    def each(
        self, rows: Iterable[Row], work: Callable[[Row], Result], key: Callable[[Row], UUID | None]
    ) -> list[Result]:
        """Return what `work` makes of each row, without those with which it failed. `key`: the machine that a row is about."""
        found: list[Result] = []
        for row in rows:
            with self.at(key(row), holder=key(row)):
                found.append(work(row))
        return found

    def write(
        self, rows: Sequence[Row], write: Callable[[Sequence[Row]], object], key: Callable[[Row], object]
    ) -> None:
        """Write all rows with one statement. When that is refused, write each by itself, so that only the bad one is left out."""
        if not rows:
            return
        try:
            with transaction.atomic():
                write(rows)
        except Exception:
            if _is_database_lost():
                raise
            for row in rows:
                with self.at(key(row)), transaction.atomic():
                    write([row])

    def _count(self, key: str, error: Exception, holder: UUID | None, *, is_busy: bool) -> RowFailure:
        before, longest = self.known.get(key), LONGEST_BUSY_PAUSE if is_busy else LONGEST_PAUSE
        pause = min(FIRST_PAUSE * 2 ** min(before.fails if before else 0, 10), longest)
        fault = _clean(f"{type(error).__name__}: {error}", 300)
        facts = {"error": fault, "holder": holder, "last_at": self.now, "next_at": self.now + pause}
        row, is_new = RowFailure.objects.get_or_create(
            loop=self.loop, key=key, defaults={**facts, "first_at": self.now}
        )
        if not is_new:
            RowFailure.objects.filter(pk=row.pk).update(fails=F("fails") + 1, **facts)
            row.refresh_from_db()
        self.known[key] = row
        level = logging.WARNING if is_busy else logging.ERROR
        text = "%s: row %s failed (%s times now); the others go on, it is tried again in %.0f s: %s"
        log.log(level, text, self.loop, key, row.fails, pause.total_seconds(), error, exc_info=not is_busy)
        return row

    def _clear(self, key: str) -> None:
        """Delete the failure of a row that is well again. No query where the table was not read."""
        if "known" in self.__dict__ and (row := self.known.pop(key, None)):
            RowFailure.objects.filter(pk=row.pk).delete()
            self._cleared[key] = row
            log.info("%s: row %s is well again", self.loop, key)

    def _restore(self, key: str) -> None:
        """Keep the count of a row that went well once in this pass and then failed, as it did before."""
        if row := self._cleared.pop(key, None):
            RowFailure.objects.bulk_create([row], ignore_conflicts=True)
            self.known[key] = row


def counts(now: datetime, *, least: int = 1) -> dict[str, int]:
    """Return how many rows of each loop fail now, and have failed `least` times in a row."""
    rows = RowFailure.objects.live(now).filter(fails__gte=least).order_by()
    return dict(rows.values_list("loop").annotate(Count("pk")))


def oldest(now: datetime, *, least: int = 1) -> datetime | None:
    """Return since when the first of them has failed."""
    rows = RowFailure.objects.live(now).filter(fails__gte=least)
    first: datetime | None = rows.aggregate(at=Min("first_at"))["at"]
    return first


def try_now(*, pk: int) -> RowFailure | None:
    """Let a row be tried again now, since an administrator has mended something. None: it is well already."""
    RowFailure.objects.filter(pk=pk).update(next_at=timezone.now())
    return RowFailure.objects.filter(pk=pk).first()


def forget(now: datetime) -> None:
    """Delete what nobody has tried for long: its row has left the loop."""
    RowFailure.objects.exclude(pk__in=RowFailure.objects.live(now).values("pk")).delete()


def _clean(text: object, most: int = 64) -> str:
    """Make a text fit for a column: what is poisoned may be the key itself."""
    return str(text).replace("\0", "").encode(errors="replace").decode()[:most]


def _is_database_lost() -> bool:
    """Return whether the database itself is away: no row can be blamed for that, and nothing can be counted."""
    return bool(getattr(connection.connection, "closed", False))
