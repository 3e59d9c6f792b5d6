"""Add and change plans, as administrators do. What was promised by a plan stays as it was promised."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop as _

from accounts.audit.trail import Thing, record
from accounts.models import User
from lib.measures import MEASURES
from lib.notes import Refusal
from lib.seen import require_seen
from nodes.subscriptions.models import Plan

FIELDS = (
    "title_en",
    "title_es",
    "kind",
    "min_ram_mb",
    "min_bits",
    "days",
    "bonus_days",
    "priority",
    "enabled",
    *MEASURES,
)


class GivesNothing(Refusal):
    """A plan of no measure at all."""

    status = 400
    code = "plan_gives_nothing"


@transaction.atomic
def add(*, by: User, **facts: Any) -> Plan:
    """Add a plan. facts: all of FIELDS. Raises GivesNothing."""
    _check(facts)
    plan = Plan.objects.create(**facts)
    record(by=by, verb="add_plan", thing=_thing(plan), detail=_detail(plan))
    return plan


@transaction.atomic
def change(*, plan: Plan, by: User, seen: str = "", **facts: Any) -> Plan:
    """Change a plan for computers that are accepted from now on. seen: see lib.seen. Raises GivesNothing, ChangedByOthers."""
    _check(facts)
    row = Plan.objects.select_for_update().get(pk=plan.pk)
    require_seen(row, FIELDS, seen)
    for name, value in facts.items():
        setattr(row, name, value)
    row.save(update_fields=list(facts))
    record(by=by, verb="change_plan", thing=_thing(row), detail=_detail(row))
    return row


def _check(facts: dict[str, Any]) -> None:
    if not any(facts[measure] for measure in MEASURES):
        raise GivesNothing(_("Give at least one amount: a plan of nothing helps nobody."))


def _thing(plan: Plan) -> Thing:
    return Thing("plan", plan.pk, plan.title_en)


def _detail(plan: Plan) -> dict[str, Any]:
    amounts = {measure: amount for measure in MEASURES if (amount := getattr(plan, measure))}
    return {"amounts": amounts, "lasts": plan.days, "bonus_days": plan.bonus_days, "offered": plan.enabled}
