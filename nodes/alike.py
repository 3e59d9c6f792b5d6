"""Fold computers that are alike into one line: 15 × Dell OptiPlex 780, MNG-00101-4 to MNG-00115-1."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from django.utils.translation import gettext as _

from nodes.models import Computer

_SHORTEST_RUN = 3  # so many numbers in a row are told by the first and the last
T = TypeVar("T")


def groups(rows: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    """Put together what has the same key, each group where its first one was."""
    found: dict[Hashable, list[T]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return list(found.values())


def kind_of(computer: Computer) -> Hashable:
    """Return by what a donor tells one of their computers from another, and where it stands."""
    return (computer.kind, computer.model, computer.state, computer.reason)


def numbers(computers: Sequence[Computer]) -> str:
    """Return the numbers of some computers, in the reader's language; many in a row by the first and the last."""
    rows = sorted(computers, key=lambda row: row.pk)
    runs: list[list[Computer]] = [rows[:1]]
    for before, row in pairwise(rows):
        runs[-1].append(row) if row.pk == before.pk + 1 else runs.append([row])
    return ", ".join(text for run in runs for text in _run(run))


def _run(run: Sequence[Computer]) -> list[str]:
    if len(run) < _SHORTEST_RUN:
        return [row.number for row in run]
    return [_("%(first)s to %(last)s") % {"first": run[0].number, "last": run[-1].number}]


@dataclass(frozen=True, slots=True)
class Line:
    """Computers that are alike, as a line of a mail."""

    computers: Sequence[Computer]

    @property
    def first(self) -> Computer:
        return self.computers[0]

    @property
    def words(self) -> str:
        """Return how many of what: 15 × Dell OptiPlex 780."""
        return f"{len(self.computers)} × {self.first.name}" if len(self.computers) > 1 else self.first.name

    @property
    def brings(self) -> str:
        """Return what each brings its donor, as nodes.mails noted it; all of it where they differ."""
        return " / ".join(dict.fromkeys(filter(None, (getattr(row, "brings", "") for row in self.computers))))

    @property
    def numbers(self) -> str:
        return numbers(self.computers)


def lines(computers: Iterable[Computer]) -> list[Line]:
    """Return a line for each kind of computers among these."""
    return [Line(group) for group in groups(computers, kind_of)]
