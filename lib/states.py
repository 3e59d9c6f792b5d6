"""Legal moves, made by compare-and-set, so that two writers never both believe they moved one row."""

from collections.abc import Iterable
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from lib import events
from lib.notes import Note

NOTHING = Note()


class IllegalMove(Exception):
    """No arrow leads from here to there: a mistake in our code, not of a person."""


class LostRace(Exception):
    """Somebody else moved the row, or took over our claim, in the meantime. Drop what you were doing; the sweep comes back."""


def move(row: Any, to: str, note: Note = NOTHING, *, by: Any = None, silent: bool = False, **fields: Any) -> None:
    """Move `row.state` along one of `row.MOVES`, with its note and `fields`, and let the row record an event unless `silent`.

    The row must not have left `row.state`, nor our claim of it where it has one. Raises IllegalMove or LostRace.
    """
    came_from = row.state
    if to not in row.MOVES[came_from]:
        raise IllegalMove(f"{row!r}: {came_from} -> {to}")
    changes = {"state": to, "state_since": timezone.now(), "state_note": note.as_json(), **fields}
    with transaction.atomic():
        write(row, **changes)
        if not silent:
            row.record_move(came_from, to, note, by=by)


def write(row: Any, *, unless: Iterable[str] = (), **fields: Any) -> None:
    """Write facts to a row that is still in the state, and under the claim, that we know. Raises LostRace.

    unless: columns that must not have changed either. Of a row with UNSEEN, pages hear when any other column is written.
    """
    known: dict[str, Any] = {"pk": row.pk, "state": row.state, **{name: getattr(row, name) for name in unless}}
    if hasattr(row, "claimed_until"):
        known["claimed_until"] = row.claimed_until
    objects: models.Manager[Any] = type(row)._default_manager
    if not objects.filter(**known).update(**fields):
        raise LostRace(repr(row))
    for name, value in fields.items():
        setattr(row, name, value)
    if fields.keys() - getattr(row, "UNSEEN", fields.keys()):
        events.publish(row._meta.model_name, row.pk)
