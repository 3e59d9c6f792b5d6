"""Deeds that come to idle machines in the next days, as pages show it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from machines.idle.coming_deeds import Deed
from machines.models import Machine
from portal.dashboard.coming_week import StoredDeed

# The word of a count, of a line, and the colour.
DEED_WORDS: dict[Deed, tuple[Promise, Promise, str]] = {
    Deed.SLEEP: (_("Go to sleep"), _("Goes to sleep"), "asleep"),
    Deed.PUT_AWAY: (_("Are put away"), _("Is put away"), "away"),
    Deed.ARCHIVE: (_("Are archived"), _("Is archived"), "away"),
    Deed.DELETE: (_("Are deleted"), _("Is deleted"), "trouble"),
}


@dataclass(frozen=True, slots=True)
class DeedCount:
    """The number of machines to which one deed comes."""

    deed: Deed
    count: int

    @property
    def label(self) -> Promise:
        return DEED_WORDS[self.deed][0]

    @property
    def tone(self) -> str:
        return DEED_WORDS[self.deed][2]


@dataclass(frozen=True, slots=True)
class ShownDeed:
    """A line of the list. `machine`: None where it is gone meanwhile."""

    deed: Deed
    at: datetime
    machine: Machine | None

    @property
    def word(self) -> Promise:
        return DEED_WORDS[self.deed][1]

    @property
    def tone(self) -> str:
        return DEED_WORDS[self.deed][2]


def deed_counts(counts: Mapping[str, int]) -> list[DeedCount]:
    """Return all deeds with their counts, the harmless first."""
    return [DeedCount(deed, counts.get(deed, 0)) for deed in Deed]


def shown_deeds(found: Iterable[StoredDeed], machines: Mapping[UUID, Machine]) -> list[ShownDeed]:
    return [ShownDeed(each.deed, each.at, machines.get(each.machine)) for each in found]
