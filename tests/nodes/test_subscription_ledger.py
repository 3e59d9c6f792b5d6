"""The ledger: the days are the sum of the entries, in any order, and each event counts once."""

import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts import person_actions
from accounts.models import AuditRow, Subscription, SubscriptionEntry, User
from accounts.subscriptions import ledger
from accounts.subscriptions.standing import Standing
from nodes.subscriptions import days, giving
from quotas.models import Grant
from tests.nodes.conftest import Clock
from tests.nodes.subscribed import make_plan, pass_days, promised, running, started

Kind = SubscriptionEntry.Kind


def _events(dice: random.Random) -> list[dict[str, Any]]:
    """Events that add up to no less than nothing in any order."""
    gained = [{"kind": Kind.RENEWED, "days": dice.randint(1, 400), "key": f"r{n}"} for n in range(dice.randint(1, 5))]
    gained += [{"kind": Kind.BONUS, "days": dice.randint(1, 9), "key": f"b{n}"} for n in range(dice.randint(0, 4))]
    lost = [{"kind": Kind.GIVEN, "days": -dice.randint(1, 40), "key": f"g{n}"} for n in range(dice.randint(0, 5))]
    return gained + lost + [{"kind": Kind.WITHDRAWN, "days": 7, "key": "w"}]


@pytest.mark.parametrize("seed", range(8))
def test_any_order_of_the_same_events_gives_the_same_balance_and_end(student: User, clock: Clock, seed: int) -> None:
    dice, now = random.Random(seed), timezone.now()
    events, ends = _events(dice), set()
    for _order in range(4):
        dice.shuffle(events)
        row = Subscription.objects.create(user=student, title={"en": "x"})
        ledger.write(row, kind=Kind.GRANTED, days=365, key="granted", now=now)
        begins = dice.randrange(len(events))
        for at, event in enumerate([*events, *dice.sample(events, 2)]):
            if at == begins:
                ledger.start(row, now)
            ledger.write(row, now=now, **event)
        row.refresh_from_db()
        assert row.ends_at == now + timedelta(days=sum(row.entries.values_list("days", flat=True)))
        ends.add((row.days, row.ends_at))
    assert ends == {(365 + sum(event["days"] for event in events), row.ends_at)}


def test_a_renewal_moves_the_grant_with_the_end(student: User, admin: User, clock: Clock) -> None:
    row = days.renew(subscription=started(student, admin, clock), days=30, by=admin, note="well done")
    assert row.days_left(timezone.now()) == 395
    assert Grant.objects.get(user=student).ends_at == row.ends_at
    audited = AuditRow.objects.get(verb="renew_subscription")
    assert (audited.whom, audited.detail) == (student, {"days": 30, "note": "well done"})


def test_the_same_press_counts_once(student: User, admin: User, clock: Clock) -> None:
    row = started(student, admin, clock)
    for _twice in range(2):
        days.renew(subscription=row, days=30, by=admin, key="press")
    assert Subscription.objects.get().days == 395
    assert AuditRow.objects.filter(verb="renew_subscription").count() == 1


def test_after_the_end_a_renewal_counts_from_today(student: User, admin: User, clock: Clock) -> None:
    row = started(student, admin, clock, days=10)
    pass_days(clock, 25.5)
    row = days.renew(subscription=row, days=30, by=admin)
    assert row.days_left(timezone.now()) == 30
    assert list(row.entries.values_list("kind", "days")) == [("renewed", 30), ("lapsed", 16), ("granted", 10)]
    assert Grant.objects.live(timezone.now()).get(user=student).ends_at == row.ends_at


def test_a_promise_can_be_renewed(student: User, admin: User, clock: Clock) -> None:
    make_plan(10)
    row = days.renew(subscription=promised(admin, clock), days=5, by=admin)
    assert (row.days, row.ends_at) == (15, None)


@pytest.mark.parametrize("amount", [0, -1, 3661])
def test_a_renewal_of_no_days_is_refused(student: User, admin: User, clock: Clock, amount: int) -> None:
    row = started(student, admin, clock)
    with pytest.raises(days.BadDays):
        days.renew(subscription=row, days=amount, by=admin)


@pytest.mark.parametrize(("amount", "note", "field"), [(0, "x", "days"), (-366, "x", "days"), (5, " ", "note")])
def test_a_correction_says_why_and_takes_no_more_than_is_left(
    student: User, admin: User, clock: Clock, amount: int, note: str, field: str
) -> None:
    row = started(student, admin, clock)
    with pytest.raises(days.BadDays) as refusal:
        days.correct(subscription=row, days=amount, by=admin, note=note)
    assert refusal.value.field == field


def test_a_clock_that_goes_back_makes_no_days(student: User, clock: Clock) -> None:
    row = running(student, days=10)
    pass_days(clock, -5)
    assert row.days_left(timezone.now()) == 10
    assert giving.give(subscription=row, by=student, share=1).row.days == 10


@pytest.mark.parametrize("is_donor", [True, False])
def test_days_of_somebody_who_is_gone_cannot_be_changed(
    student: User, admin: User, clock: Clock, is_donor: bool
) -> None:
    row = started(student, admin, clock) if is_donor else running(student)
    person_actions.remove(person=student, by=admin)
    with pytest.raises(days.TakenBack):
        days.renew(subscription=row, days=30, by=admin)


def test_all_that_is_left_can_be_taken(student: User, admin: User, clock: Clock) -> None:
    row = days.correct(subscription=started(student, admin, clock), days=-365, by=admin, note="a mistake")
    clock.pass_minutes(1)
    assert row.standing(timezone.now()) == Standing.GRACE
    assert not Grant.objects.live(timezone.now()).filter(user=student).exists()


@pytest.mark.parametrize(("kind", "amount"), [("renewed", -1), ("given", 1), ("corrected", 0)])
def test_an_entry_has_the_sign_of_its_kind(student: User, kind: str, amount: int) -> None:
    row = Subscription.objects.create(user=student, title={"en": "x"})
    with pytest.raises(IntegrityError, match="subscription_entry_with_its_sign"):
        SubscriptionEntry.objects.create(subscription=row, kind=kind, days=amount, key="x")


# ---- states ----

STATES = [
    (0, "active"),
    (59.9, "active"),
    (60, "ending"),
    (89.9, "ending"),
    (90, "grace"),
    (119.9, "grace"),
    (120, "ended"),
]


@pytest.mark.parametrize(("passed", "state"), STATES)
def test_the_state_follows_from_the_time(student: User, admin: User, clock: Clock, passed: float, state: str) -> None:
    row = started(student, admin, clock, days=90)
    pass_days(clock, passed)
    now = timezone.now()
    assert row.standing(now) == state
    assert [each for each in Standing.values if Subscription.objects.standing(each, now).exists()] == [state]
