"""The next 7 days of machines that nobody uses, worked out by the worker: to load ten thousand outlooks takes seconds, which no page has."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

from django.utils import timezone

from machines.idle import enforce
from machines.idle.coming_deeds import Deed, coming_deeds
from portal.dashboard.findings import keep
from portal.models import Finding

QUARTER = 900  # seconds


@dataclass(frozen=True, slots=True)
class StoredDeed:
    """A deed that comes to a machine, as it was worked out last."""

    deed: Deed
    machine: UUID
    at: datetime


def work_out(now: datetime) -> None:
    """Work out what becomes of all machines, and keep it with the counts."""
    found = coming_deeds(enforce.load_outlooks(now), now)
    lists: dict[str, list[tuple[str, int]]] = {deed: [] for deed in Deed}
    for each in found:
        lists[each.deed].append((str(each.machine.pk), int(each.at.timestamp())))
    keep({Finding.Name.DEEDS: lists, Finding.Name.DEED_COUNTS: {deed: len(rows) for deed, rows in lists.items()}}, now)


@dataclass(frozen=True)
class Week:
    """The forecast that was worked out last: of ten thousand machines some twenty thousand lines, of which a page shows fifty."""

    # By deed: (machine, seconds since 1970).
    rows: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)
    found_at: datetime | None = None  # None: not yet

    @property
    def counts(self) -> dict[str, int]:
        return {deed: len(rows) for deed, rows in self.rows.items()}

    def lines(self, chosen: str = "") -> list[tuple[int, str, str]]:
        """Return (time, deed, machine) of all of them, or of one deed, the soonest first."""
        deeds = {chosen: self.rows.get(chosen, ())} if chosen else self.rows
        return sorted((at, deed, machine) for deed, rows in deeds.items() for machine, at in rows)

    def by_day(self) -> list[tuple[date, list[int]]]:
        """Return the counts of each day on which anything comes, in its reader's time zone, in the order of Deed."""
        days: dict[date, dict[str, int]] = defaultdict(lambda: dict.fromkeys(Deed, 0))
        for deed, rows in self.rows.items():
            # Zones differ from UTC by whole quarters of an hour: a few hundred dates for however many lines.
            for quarter, count in Counter(at // QUARTER for _machine, at in rows).items():
                days[timezone.localdate(datetime.fromtimestamp(quarter * QUARTER, UTC))][deed] += count
        return [(day, list(days[day].values())) for day in sorted(days)]


def stored() -> Week:
    """Return the week as it was worked out last, without deeds that only another version knows."""
    row = Finding.objects.filter(name=Finding.Name.DEEDS).first()
    return Week({deed: row.data.get(deed, []) for deed in Deed}, row.found_at) if row else Week()


def read(lines: Iterable[tuple[int, str, str]]) -> list[StoredDeed]:
    return [StoredDeed(Deed(deed), UUID(machine), datetime.fromtimestamp(at, UTC)) for at, deed, machine in lines]
