"""Plans as administrators read them, and what a computer would bring, for donors."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from django.utils.translation import gettext as _

from lib.measures import memory
from nodes.models import Computer, Plan
from nodes.subscriptions import plans
from nodes.subscriptions.plan_words import all_of, bonus, lasts


@dataclass(frozen=True, slots=True)
class ListedPlan:
    """A plan among others."""

    row: Plan
    above: int | None = None  # the key of the plan that is looked at before it, and of the one after it
    below: int | None = None

    @property
    def lasts(self) -> str:
        return lasts(self.row.days)

    @property
    def amounts(self) -> str:
        return all_of(self.row.size)

    @property
    def bonus(self) -> str:
        return bonus(self.row.bonus_days)

    @property
    def conditions(self) -> str:
        """Say for which computers it is."""
        row = self.row
        kind = str(Computer.Kind(row.kind).label) if row.kind else _("Any computer")
        parts = [_("64-bit")] if row.min_bits else []
        if row.min_ram_mb:
            parts.append(_("at least %(amount)s of memory") % {"amount": memory(row.min_ram_mb)})
        return ", ".join([kind, *parts])


def listed_plans(rows: Iterable[Plan]) -> list[ListedPlan]:
    """Return these plans as they are shown, with their neighbours among all that can be promised."""
    order = [plan.pk for plan in plans.enabled()]
    below = dict(pairwise(order))
    above = {after: before for before, after in below.items()}
    return [ListedPlan(row, above.get(row.pk), below.get(row.pk)) for row in rows]
