"""Add, change and order plans, as administrators do. What was promised by a plan stays as it was promised."""

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
    "enabled",
    *MEASURES,
)


class GivesNothing(Refusal):
    """A plan of no measure at all."""

    status = 400
    code = "plan_gives_nothing"


class Moved(Refusal):
    """The plans stand in another order by now."""

    code = "plan_moved"


@transaction.atomic
def add(*, by: User, **facts: Any) -> Plan:
    """Add a plan, which is looked at last. facts: all of FIELDS. Raises GivesNothing."""
    _check(facts)
    others = _locked()
    plan = Plan.objects.create(**facts)
    _number([*others, plan] if plan.enabled else others)
    record(by=by, verb="add_plan", thing=_thing(plan), detail=_detail(plan))
    return plan


@transaction.atomic
def change(*, plan: Plan, by: User, seen: str = "", **facts: Any) -> Plan:
    """Change a plan for computers that are accepted from now on. seen: see lib.seen. Raises GivesNothing, ChangedByOthers."""
    _check(facts)
    others = [each for each in _locked() if each.pk != plan.pk]
    row = Plan.objects.select_for_update().get(pk=plan.pk)
    require_seen(row, FIELDS, seen)
    if facts["enabled"] and not row.enabled:  # where it once stood says nothing of the others of now
        _number([*others, row])
    for name, value in facts.items():
        setattr(row, name, value)
    row.save(update_fields=list(facts))
    record(by=by, verb="change_plan", thing=_thing(row), detail=_detail(row))
    return row


@transaction.atomic
def move(*, plan: Plan, past: int, is_up: bool, by: User) -> None:
    """Let a plan be looked at before (is_up) or after the one beside it. past: the key of that one. Raises Moved where it is another by now."""
    rows = _locked()
    keys = [row.pk for row in rows]
    at = keys.index(plan.pk) if plan.pk in keys else -1
    beside = at - 1 if is_up else at + 1
    if at < 0 or not 0 <= beside < len(rows) or keys[beside] != past:
        raise Moved(_("The plans stand in another order by now. Look at it again."))
    rows[at], rows[beside] = rows[beside], rows[at]
    _number(rows)
    record(by=by, verb="move_plan", thing=_thing(rows[beside]), detail={})


def _locked() -> list[Plan]:
    """Lock the plans that can be promised. Returns them in the order in which they are looked at."""
    rows = Plan.objects.select_for_update().filter(enabled=True)
    return sorted(rows, key=lambda row: (-row.priority, row.pk))  # who waited for the lock reads the order of before


def _number(rows: list[Plan]) -> None:
    """Write down that plans are looked at in this order."""
    for priority, row in enumerate(reversed(rows), 1):
        row.priority = priority
    Plan.objects.bulk_update(rows, ["priority"])


def _check(facts: dict[str, Any]) -> None:
    if not any(facts[measure] for measure in MEASURES):
        raise GivesNothing(_("Give at least one amount: a plan of nothing helps nobody."))


def _thing(plan: Plan) -> Thing:
    return Thing("plan", plan.pk, plan.title_en)


def _detail(plan: Plan) -> dict[str, Any]:
    amounts = {measure: amount for measure in MEASURES if (amount := getattr(plan, measure))}
    return {"amounts": amounts, "lasts": plan.days, "bonus_days": plan.bonus_days, "offered": plan.enabled}
