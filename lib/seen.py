"""Forms about what several people may change: whoever saves has seen it as it is, so nobody's change is undone unread."""

from collections.abc import Iterable
from hashlib import sha256

from django.db.models import Model
from django.utils.translation import gettext_noop as _

from lib.notes import Refusal


class ChangedByOthers(Refusal):
    """The row was changed after the form was opened."""

    code = "changed_by_others"


def fingerprint(row: Model, names: Iterable[str]) -> str:
    """Return a short text that is another one as soon as one of these fields is. A form carries it in its field `seen`."""
    values = [row.serializable_value(name) for name in names]
    return sha256(repr(values).encode()).hexdigest()[:16]


def require_seen(row: Model, names: Iterable[str], seen: str) -> None:
    """Raise ChangedByOthers unless `seen` is the fingerprint of the row as it is now. '': a program, which sends what it changes only."""
    if seen and seen != fingerprint(row, names):
        raise ChangedByOthers(
            _(
                "Somebody else changed this after you opened it. Open it anew to see how it is now; if you save once more, what stands here takes its place."
            )
        )
