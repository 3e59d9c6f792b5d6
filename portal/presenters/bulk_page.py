"""A run of one verb for many machines, as its page shows it: the numbers before, the progress, and what came of it."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from lib.notes import Note
from machines.bulk_preview import BIN, KEEP_AWAKE, LABELS
from machines.models import BulkItem, BulkRun
from machines.states import State
from machines.verbs import Verb

MOST_NAMED = 50  # machines whose names the page lists
_BUTTONS: dict[str, Promise] = {
    Verb.SUSPEND: gettext_lazy("Put %(count)s to sleep"),
    Verb.WAKE: gettext_lazy("Wake %(count)s"),
    KEEP_AWAKE: gettext_lazy("Keep %(count)s awake"),
    Verb.RESTART: gettext_lazy("Restart %(count)s"),
    Verb.SHELVE: gettext_lazy("Put %(count)s away"),
    Verb.ARCHIVE: gettext_lazy("Archive %(count)s"),
    Verb.BIN: gettext_lazy("Put %(count)s into the recycle bin"),
    Verb.DELETE: gettext_lazy("Delete %(count)s for good"),
}
_MEANS: dict[str, Promise] = {
    Verb.SUSPEND: gettext_lazy("Nothing is lost: each goes on where it stopped when it is woken."),
    Verb.WAKE: gettext_lazy("Where there is no room just now, they wait their turn."),
    KEEP_AWAKE: gettext_lazy("The idle rules leave them alone until then. Their owners see it."),
    Verb.RESTART: gettext_lazy("What runs in them stops. Their disks stay as they are."),
    Verb.SHELVE: gettext_lazy("Their disks are kept, what runs in them is not. Waking takes a little longer."),
    Verb.ARCHIVE: gettext_lazy(
        "Their disks become images, what runs in them is not kept. Each counts in its owner's quota."
    ),
    Verb.BIN: gettext_lazy("They are archived and can be restored for some days. What never ran is deleted at once."),
    Verb.DELETE: gettext_lazy("Their disks, archives and ports go. Nobody can bring them back."),
}
_BINNED = gettext_lazy("In the recycle bin")


@dataclass(frozen=True, slots=True)
class BulkPage:
    """A run with its numbers."""

    run: BulkRun
    counts: dict[str, int]  # by outcome

    @property
    def label(self) -> str:
        return str(LABELS[self.run.verb])

    @property
    def count(self) -> int:
        """The machines that the verb fitted when they were counted."""
        return sum(self.counts.values())

    @property
    def button(self) -> str:
        return str(_BUTTONS[self.run.verb]) % {"count": self.count}

    @property
    def means(self) -> str:
        return str(_MEANS[self.run.verb])

    @property
    def done(self) -> int:
        return self.counts.get(BulkItem.Outcome.DONE, 0)

    @property
    def waiting(self) -> int:
        return self.counts.get(BulkItem.Outcome.WAITING, 0)

    @property
    def percent(self) -> int:
        return 100 * (self.count - self.waiting) // (self.count or 1)

    @property
    def left(self) -> list[tuple[int, str]]:
        """Count those that stay as they are, with the word for why; the most first."""
        return sorted(((count, _reason(why)) for why, count in self.run.left.items()), reverse=True)

    @property
    def left_count(self) -> int:
        return sum(self.run.left.values())

    @property
    def refused(self) -> list[tuple[int, str]]:
        """Count those that were refused, with the sentence; the most first. Costs a query."""
        if not self.counts.get(BulkItem.Outcome.REFUSED):
            return []
        rows = self.run.items.filter(outcome=BulkItem.Outcome.REFUSED).order_by()
        notes = rows.values_list("stored_note").annotate(Count("pk"))
        said: dict[str, int] = {}
        for stored, count in notes:
            said[str(Note.from_json(stored))] = said.get(str(Note.from_json(stored)), 0) + count
        return sorted(((count, text) for text, count in said.items()), reverse=True)

    @property
    def is_final(self) -> bool:
        """Say whether what it does cannot be taken back."""
        return self.run.verb == Verb.DELETE

    @property
    def keeps_awake(self) -> bool:
        return self.run.verb == KEEP_AWAKE

    @property
    def state(self) -> str:
        return self.run.state

    def some(self) -> list[BulkItem]:
        """Return the first machines that it concerns."""
        return list(self.run.items.select_related("machine__owner").order_by("pk")[:MOST_NAMED])

    @property
    def more(self) -> int:
        """Count the machines beside those that `some` returns."""
        return max(0, self.count - MOST_NAMED)


def bulk_page(run: BulkRun) -> BulkPage:
    """Count how the machines of a run fare. One query."""
    rows: Any = run.items.order_by().values_list("outcome").annotate(Count("pk"))
    return BulkPage(run, dict(rows))


def _reason(why: str) -> str:
    return str(_BINNED) if why == BIN else str(State(why).label)
