"""Legal moves by compare-and-set: of two writers, only one moves the row."""

from collections.abc import Iterable
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from lib import events
from lib.notes import Note

NOTHING = Note()


class IllegalMove(Exception):
    """The row's MOVES do not allow this move: a mistake in our code, not a person's."""


class LostRace(Exception):
    """Raised when somebody else moved the row or took over our claim meanwhile. Stop working on it; the sweep finds it again."""


def move(row: Any, to: str, note: Note = NOTHING, *, by: Any = None, silent: bool = False, **fields: Any) -> None:
    """Move `row` to the state `to`, write its note and `fields`, and record an event unless `silent`.

    Raises IllegalMove where `row.MOVES` lacks the move, and LostRace where the row has left its state or our claim has been lost.
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
    """Write `fields` if the row still has the state and the claim that we know. Raises LostRace otherwise.

    `unless` names further columns that must not have changed. Of a row with UNSEEN, pages hear when any other column is written.
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
