"""Rows of the audit log: found by their filters, a page at a time, as people read them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import AuditRow, User
from lib.spreadsheets import csv_lines
from portal.presenters.audit_details import words_of
from portal.presenters.audit_words import kind_label, verb_label

COMMAND = "manage.py"  # who, where it was a command on the server
ON_A_PAGE = 50
OF_AN_EXPORT = 1_000  # rows that are read at once
MOST_PEOPLE = 50  # whose names a search finds
HEAD = ("id", "at (UTC)", "who", "verb", "whom", "kind", "object_id", "object", "address", "detail")


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions of the rows that are wanted; an empty one wants all."""

    text: str = ""  # the beginning of the object's name, or a part of somebody's name
    who: str = ""
    whom: str = ""
    verbs: tuple[str, ...] = ()
    since: datetime | None = None

    def narrow(self, rows: QuerySet[AuditRow]) -> QuerySet[AuditRow]:
        """Select the rows that pass. Each condition has an index."""
        if self.who:
            rows = rows.filter(who=None) if self.who == COMMAND else rows.filter(who__in=_named(self.who))
        if self.whom:
            rows = rows.filter(whom__in=_named(self.whom))
        if self.verbs:
            rows = rows.filter(verb__in=self.verbs)
        if self.since:
            rows = rows.filter(at__gte=self.since)
        return rows.filter(_search(self.text)) if self.text else rows


def _named(username: str) -> list[int]:
    return list(User.objects.filter(username__iexact=username).values_list("pk", flat=True))


def _search(text: str) -> Q:
    names = Q(username__icontains=text) | Q(first_name__icontains=text) | Q(last_name__icontains=text)
    people = list(User.objects.filter(names).values_list("pk", flat=True)[:MOST_PEOPLE])
    return Q(name__istartswith=text) | Q(who__in=people) | Q(whom__in=people)


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A row as people read it."""

    row: AuditRow
    shows_address: bool
    times: int = 1  # how often it was done within its minute

    @property
    def is_command(self) -> bool:
        """Say whether a command on the server did it, and nobody who signed in."""
        return self.row.who_id is None

    @property
    def who(self) -> str:
        return COMMAND if self.is_command else name_of(self.row, "who")

    @property
    def whom(self) -> str:
        return "" if self.row.whom_id is None else name_of(self.row, "whom")

    @property
    def verb(self) -> str:
        return verb_label(self.row.verb)

    @property
    def kind(self) -> str:
        return kind_label(self.row.kind)

    @property
    def address(self) -> str:
        """Return from where; only administrators see where their colleagues are."""
        return self.row.address or "" if self.shows_address else ""

    @property
    def sentence(self) -> str:
        """Return the details of the act in words; '' where there are none."""
        return words_of(self.row.detail)


def name_of(row: AuditRow, column: str) -> str:
    """Return the name of a row's person; the number where their row is gone."""
    person: User | None = getattr(row, column)
    return person.username if person else f"#{getattr(row, column + '_id')}"


def page_of_lines(rows: QuerySet[AuditRow], before: int | None, *, shows_address: bool) -> tuple[list[AuditLine], int]:
    """Return the newest lines, older than row `before`; and the number before which the next page begins, 0 for none."""
    found = _batch(rows, before, ON_A_PAGE + 1)
    lines = [AuditLine(row, shows_address) for row in found[:ON_A_PAGE]]
    return lines, lines[-1].row.pk if len(found) > ON_A_PAGE else 0


def newest_lines(rows: QuerySet[AuditRow], most: int) -> list[AuditLine]:
    """Return some of the newest lines, with addresses. For administrators."""
    return [AuditLine(row, shows_address=True) for row in _batch(rows, None, most)]


def folded(lines: Iterable[AuditLine]) -> list[AuditLine]:
    """Make one line of those that follow each other and say the same of the same minute."""
    groups = [list(group) for _same, group in groupby(lines, _what_it_says)]
    return [replace(group[0], times=len(group)) for group in groups]


def _what_it_says(line: AuditLine) -> tuple[Any, ...]:
    row = line.row
    minute = row.at.replace(second=0, microsecond=0)
    return minute, row.verb, row.kind, row.object_id, row.name, row.who_id, row.whom_id, line.address, line.sentence


def csv_batches(rows: QuerySet[AuditRow]) -> Iterator[str]:
    """Yield the rows as CSV, the newest first, some at a time; the first part has the names of the columns. For administrators."""
    yield csv_lines([HEAD])
    before: int | None = None
    while found := _batch(rows, before, OF_AN_EXPORT):
        yield csv_lines(_cells(found))
        before = found[-1].pk


def _batch(rows: QuerySet[AuditRow], before: int | None, most: int) -> list[AuditRow]:
    older = rows if before is None else rows.filter(pk__lt=before)
    return list(older.select_related("who", "whom").order_by("-pk")[:most])


def _cells(rows: Iterable[AuditRow]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        line = AuditLine(row, shows_address=True)
        facts = (
            row.pk,
            row.at.astimezone(UTC).isoformat(),
            line.who,
            row.verb,
            line.whom,
            row.kind,
            row.object_id,
            row.name,
        )
        yield (*facts, line.address, line.sentence)
