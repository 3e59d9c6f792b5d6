"""Days for the time in which a computer was in service: so many for each thousand hours, as the plan said at the promise.

Each thousand is an event of the ledger with a key of its own, so it counts once, whatever runs twice, is restored or worked out again. Only months
that are over count. A thousand that was full once stays counted where a month is worked out again with fewer hours (ADR 115).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.failures import Failures
from accounts.models import SubscriptionEntry
from nodes.models import Entitlement, ServedMonth
from nodes.months import month_work
from nodes.subscriptions import days
from nodes.subscriptions.models import BONUS_HOURS

LOOP = "months"  # of accounts.failures
_SECONDS = BONUS_HOURS * month_work.HOUR


def follow(now: datetime) -> None:
    """Write what is due into the ledgers."""
    failures, month = Failures(LOOP, now), month_work.last_ended(now)
    found = due(month)
    if found.exists():
        failures.each_of("bonus", found, lambda pk: add(pk, month, now))


def due(month: date) -> QuerySet[Entitlement]:
    """Select what has more full thousands of hours until the end of a month than its ledger has counted."""
    served = ServedMonth.objects.filter(computer=OuterRef("computer"), month__lte=month).order_by()
    entries = SubscriptionEntry.objects.filter(subscription=OuterRef("subscription"), kind=days.Kind.BONUS).order_by()
    rows = Entitlement.objects.filter(
        bonus_days__gt=0, subscription__withdrawn_at=None, subscription__donor__erased_at=None
    )
    return rows.annotate(
        seconds=Subquery(served.values("computer").annotate(sum=Sum("seconds")).values("sum")),
        counted=Coalesce(
            Subquery(entries.values("subscription").annotate(count=Count("pk")).values("count")),
            Value(0),
            output_field=IntegerField(),
        ),
    ).filter(seconds__gte=(F("counted") + 1) * _SECONDS)


@transaction.atomic
def add(pk: int, month: date, now: datetime) -> None:
    """Write each full thousand hours until the end of a month down that is not written yet."""
    entitlement = Entitlement.objects.select_related("subscription").get(pk=pk)
    rows = ServedMonth.objects.filter(computer=entitlement.computer_id, month__lte=month).order_by("month")
    which, sum_of = 0, 0
    for full_in, seconds in rows.values_list("month", "seconds"):
        sum_of += seconds
        while sum_of >= (which + 1) * _SECONDS:
            which += 1
            row, amount = entitlement.subscription, entitlement.bonus_days
            days.add_bonus(subscription=row, which=which, month=full_in, days=amount, now=now)


@dataclass(frozen=True, slots=True)
class Bonus:
    """The days for hours of some computers that were full in a month."""

    days: int
    hours: int
    month: date

    @property
    def words(self) -> str:
        """Say it in a line: + 3 days for 1000 hours in service, full in October 2026."""
        return _("+ %(days)s for %(hours)s hours in service, full in %(month)s") % self._facts

    @property
    def sentence(self) -> str:
        """Say it in the paragraph about that month."""
        return _("You gained %(days)s of subscription: %(hours)s hours in service were full.") % self._facts

    @property
    def _facts(self) -> dict[str, str]:
        return {
            "days": ngettext("%(count)s day", "%(count)s days", self.days) % {"count": self.days},
            "hours": number_format(self.hours),
            "month": date_format(self.month, "YEAR_MONTH_FORMAT"),
        }


def of_month(month: date, computers: Collection[int]) -> Bonus | None:
    """Return what these computers brought for hours that were full in a month; None for nothing. One query."""
    rows = SubscriptionEntry.objects.filter(kind=days.Kind.BONUS, month=month)
    rows = rows.filter(subscription__entitlement__computer__in=computers)
    found = rows.aggregate(days=Sum("days"), count=Count("pk"))
    return Bonus(found["days"], found["count"] * BONUS_HOURS, month) if found["count"] else None
