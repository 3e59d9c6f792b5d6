"""Choose the plan of a computer."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from nodes.models import Computer
from nodes.subscriptions.models import Plan


@dataclass(frozen=True, slots=True)
class Worth:
    """The facts by which a computer's plan is chosen; None: not known. ram_mb in MiB."""

    kind: str
    bits: int | None = None
    ram_mb: int | None = None


def worth_of(computer: Computer) -> Worth:
    """Return the facts of a computer that count."""
    return Worth(computer.kind, computer.bits, computer.ram_mb)


def enabled() -> list[Plan]:
    """Return the plans that can be promised, in the order in which they are looked at. One query."""
    return list(Plan.objects.filter(enabled=True))


def plan_for(worth: Worth, plans: Iterable[Plan]) -> Plan | None:
    """Return the first of `plans` (see `enabled`) whose conditions are known to hold; None where none does."""
    return next((plan for plan in plans if _fits(worth, plan)), None)


def _fits(worth: Worth, plan: Plan) -> bool:
    is_kind = plan.kind in ("", worth.kind)
    return is_kind and (worth.bits or 0) >= plan.min_bits and (worth.ram_mb or 0) >= plan.min_ram_mb


def fits_one_of(plans: Iterable[Plan]) -> Q:
    """Select the computers for which `plan_for` finds a plan."""
    fitting = Q(pk__in=[])
    for plan in plans:
        one = Q(pk__isnull=False)  # not Q(), which an "or" leaves out
        if plan.kind:
            one &= Q(kind=plan.kind)
        if plan.min_ram_mb:
            one &= Q(ram_mb__gte=plan.min_ram_mb)
        if plan.min_bits:
            one &= Q(bits__gte=plan.min_bits)
        fitting |= one
    return fitting
