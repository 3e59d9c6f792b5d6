"""Heads of a table by which its rows can be put in order."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Column:
    """A head of the table by which the rows can be put in order."""

    label: Promise
    sort: str  # what a press on it asks for
    aria: str  # ascending, descending, or '' where the rows are in another order

    @property
    def arrow(self) -> str:
        return {"ascending": "↑", "descending": "↓"}.get(self.aria, "")


def columns(heads: Iterable[tuple[str, Promise, bool]], order: str) -> dict[str, Column]:
    """Return the heads by name, from (name, label, whether the most or the newest comes first). A press on the one that counts turns it round."""
    return {name: _column(name, label, order, is_falling) for name, label, is_falling in heads}


def _column(name: str, label: Promise, order: str, is_falling: bool) -> Column:
    if order == name:
        return Column(label, f"-{name}", "ascending")
    if order == f"-{name}":
        return Column(label, name, "descending")
    return Column(label, f"-{name}" if is_falling else name, "")
