"""Work of given computers, for whoever gave them: hours in service, machines and people, kilograms kept in use."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.conf import settings
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lib.measures import kilos
from nodes import weights
from nodes.hypervisors import carried
from nodes.models import Computer, ServedMonth
from nodes.months import month_work
from nodes.months.month_work import MonthWork
from nodes.subscriptions import bonuses
from portal.presenters.chart_drawing import Chart
from portal.presenters.cluster_page import hours_chart


@dataclass(frozen=True, slots=True)
class Work:
    """The work of one computer."""

    hours: int = 0
    machines: int = 0
    people: int = 0

    def __bool__(self) -> bool:
        return bool(self.hours or self.machines)

    @property
    def words(self) -> list[str]:
        """Return it in words: 412 hours in service, 31 machines, 12 people."""
        return [
            ngettext("%(n)s hour in service", "%(n)s hours in service", self.hours) % {"n": number_format(self.hours)},
            ngettext("%(n)s machine", "%(n)s machines", self.machines) % {"n": number_format(self.machines)},
            ngettext("%(n)s person", "%(n)s people", self.people) % {"n": number_format(self.people)},
        ]


@dataclass(frozen=True, slots=True)
class GivenWork:
    """The work of all computers of a donor. `of`: by computer. `months`: seconds by month."""

    of: dict[int, Work] = field(default_factory=dict)
    together: carried.Sums = field(default_factory=carried.Sums)
    months: Sequence[tuple[date, int]] = ()
    weight: weights.Weight = field(default_factory=weights.Weight)
    last_month: MonthWork | None = None  # as the monthly mail told it
    bonus: bonuses.Bonus | None = None  # for hours that were full in that month

    def __bool__(self) -> bool:
        return bool(self.of)

    @property
    def hours(self) -> int:
        return sum(seconds for _month, seconds in self.months) // 3600

    @property
    def since(self) -> date | None:
        """Return the first day of the month in which the first of them served."""
        return min((month for month, _seconds in self.months), default=None)

    @property
    def kilos(self) -> str:
        return kilos(self.weight.grams)

    @property
    def weighed(self) -> str:
        """Say how much of the weight is known."""
        weight = self.weight
        if weight.weighed == weight.counted:
            return ngettext("weighed when it came", "weighed when they came", weight.counted)
        if not weight.weighed:
            return _("by what such computers usually weigh")
        return _("%(weighed)s of %(all)s weighed") % {"weighed": weight.weighed, "all": weight.counted}

    @property
    def electricity(self) -> str:
        """Say what they took of electricity in all these hours; '' where COMPUTER_WATTS is not set."""
        watts = settings.COMPUTER_WATTS
        return (
            _("about %(kwh)s kWh of electricity") % {"kwh": number_format(self.hours * watts // 1000)} if watts else ""
        )

    @property
    def chart(self) -> Chart:
        return hours_chart(self.months, timezone.localdate(), _("Hours in service by month"))


def work_of(computers: Iterable[Computer]) -> GivenWork:
    """Return the work of computers: six queries at most, however many they are and however long they served; two where none served."""
    rows = list(computers)
    ids = [row.pk for row in rows]
    served = list(ServedMonth.objects.filter(computer__in=ids).values_list("computer", "month", "seconds"))
    if not served:
        return GivenWork()
    seconds: dict[int, int] = dict.fromkeys(ids, 0)
    for computer, _month, amount in served:
        if computer is not None:
            seconds[computer] += amount
    sums = carried.sums(ids)
    none = carried.Sums()
    works = {
        pk: Work(seconds[pk] // 3600, (its := sums.get(pk, none)).machines, its.people)
        for pk in ids
        if seconds[pk] or pk in sums
    }
    months = [(month, amount) for _computer, month, amount in served]
    month = month_work.last_ended(timezone.now())
    last = month_work.work_of_rows(month, served, ids)
    bonus = bonuses.of_month(month, ids) if last else None
    return GivenWork(works, carried.together(ids), months, weights.kept_in_use(rows), last, bonus)
