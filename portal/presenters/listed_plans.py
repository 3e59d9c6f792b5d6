"""Plans as administrators read them, and what a computer would bring, for donors."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from lib.measures import memory
from nodes.models import Computer, Plan
from nodes.subscriptions.plan_words import all_of, bonus, lasts


@dataclass(frozen=True, slots=True)
class ListedPlan:
    """A plan among others."""

    row: Plan

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
    """Return these plans as they are shown."""
    return [ListedPlan(row) for row in rows]
