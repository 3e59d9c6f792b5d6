"""The work of a donor's computers in one month, as the mail and the donor's page say it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import ngettext

from nodes.hypervisors import carried
from nodes.hypervisors.intervals import month_of
from nodes.models import ServedMonth

HOUR = 3600
SETTLED = timedelta(hours=6)  # after a month its last looks are in the ledger

Served = tuple[int | None, date, int]  # computer, month, seconds


@dataclass(frozen=True, slots=True)
class MonthWork:
    """The work of some computers in a month. computers: how many of them served."""

    month: date
    hours: int
    computers: int
    machines: int
    people: int

    @property
    def month_name(self) -> str:
        """Return the month as it is read: October 2026."""
        return date_format(self.month, "YEAR_MONTH_FORMAT")

    @property
    def sentence(self) -> str:
        """Say it: In October 2026, your computer was in service for 412 hours and carried 31 machines of 12 people."""
        facts = {
            "month": self.month_name, "count": self.computers,
            "hours": ngettext("%(n)s hour", "%(n)s hours", self.hours) % {"n": number_format(self.hours)},
            "machines": ngettext("%(n)s machine", "%(n)s machines", self.machines) % {"n": number_format(self.machines)},
            "people": ngettext("%(n)s person", "%(n)s people", self.people) % {"n": number_format(self.people)},
        }  # fmt: skip
        if not self.machines:
            return (
                ngettext(
                    "In %(month)s, your computer was in service for %(hours)s.",
                    "In %(month)s, %(count)s of your computers were in service, together for %(hours)s.",
                    self.computers,
                )
                % facts
            )
        return (
            ngettext(
                "In %(month)s, your computer was in service for %(hours)s and carried %(machines)s of %(people)s.",
                "In %(month)s, %(count)s of your computers were in service, together for %(hours)s, and carried %(machines)s of %(people)s.",
                self.computers,
            )
            % facts
        )

    @property
    def subject(self) -> str:
        """Return the subject of the mail."""
        words = ngettext("What your computer did in %(month)s", "What your computers did in %(month)s", self.computers)
        return words % {"month": self.month_name}


def last_ended(now: datetime) -> date:
    """Return the first day of the last month that is over, in the site's zone, and whose looks are all in the ledger."""
    month = month_of(now - SETTLED, timezone.get_default_timezone())
    return (month - timedelta(days=1)).replace(day=1)


def work_in(month: date, computers: Collection[int]) -> MonthWork | None:
    """Return the work of these computers in a month; None where they served for less than an hour. Two queries."""
    rows = ServedMonth.objects.filter(month=month, computer__in=computers)
    return work_of_rows(month, rows.values_list("computer", "month", "seconds"), computers)


def work_of_rows(month: date, served: Iterable[Served], computers: Collection[int]) -> MonthWork | None:
    """Return the same from rows of the ledger that were read already. One query, none where there is nothing to tell."""
    found = [(computer, seconds) for computer, of, seconds in served if of == month and computer is not None]
    hours = sum(seconds for _computer, seconds in found) // HOUR
    if not hours:
        return None
    sums = carried.together(computers, month)
    return MonthWork(month, hours, len({computer for computer, _seconds in found}), sums.machines, sums.people)
