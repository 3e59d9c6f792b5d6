"""Days for time in service: each thousand hours once, whatever runs twice, in any order, worked out again or not."""

import random
from datetime import date, timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.donors import donor_rows
from accounts.models import Subscription, SubscriptionEntry, User
from nodes import donor_actions
from nodes.models import Computer, ServedMonth
from nodes.subscriptions import bonuses
from nodes.tasks import follow_months
from quotas.models import Grant
from tests.nodes.conftest import Clock
from tests.nodes.donated import donor_of, mailed
from tests.nodes.months.served import serve
from tests.nodes.subscribed import make_plan, pass_days, promised, running, settled

MONTHS = [f"2025-{month:02}" for month in range(1, 13)] + [
    "2026-01",
    "2026-02",
]  # all are over by the clock of these tests
pytestmark = pytest.mark.django_db


def earned(user: User | None, by: User, clock: Clock, bonus: int = 3) -> Subscription:
    """A subscription of a year by a plan with a bonus; started where its donor has an account."""
    make_plan(bonus_days=bonus)
    row = promised(by, clock, donor_of(user=user, email="donor@example.org") if user else donor_of())
    settled(row.entitlement.computer, "receive", by=by, clock=clock)
    return row


def of(row: Subscription) -> Computer:
    return Computer.objects.get(entitlement__subscription=row)


def follow() -> None:
    bonuses.follow(timezone.now())


def days_of(row: Subscription) -> int:
    """The days of the bonus, as the sum of the ledger and as the row has it."""
    row.refresh_from_db()
    written = sum(row.entries.filter(kind="bonus").values_list("days", flat=True))
    assert row.days == 365 + written
    return written


@pytest.mark.parametrize(("hours", "brought"), [(999.9, 0), (1000, 3), (1999, 3), (4200, 12)])
def test_each_full_thousand_hours_bring_what_the_plan_said(
    student: User, admin: User, clock: Clock, hours: float, brought: int
) -> None:
    row = earned(student, admin, clock)
    serve(of(row), "2026-01", hours)
    follow()
    assert days_of(row) == brought
    assert Grant.objects.get(user=student).ends_at == row.ends_at


def test_a_plan_without_a_bonus_brings_none(student: User, admin: User, clock: Clock) -> None:
    row = earned(student, admin, clock, bonus=0)
    serve(of(row), "2026-01", 5000)
    follow()
    assert days_of(row) == 0


def test_what_was_promised_without_a_bonus_stays_without(student: User, admin: User, clock: Clock) -> None:
    row = earned(student, admin, clock, bonus=0)
    make_plan(bonus_days=9)
    serve(of(row), "2026-01", 5000)
    follow()
    assert days_of(row) == 0


def test_a_month_that_is_not_over_does_not_count(student: User, admin: User, clock: Clock) -> None:
    row = earned(student, admin, clock)
    serve(of(row), "2026-03", 1000)
    follow()
    assert days_of(row) == 0
    pass_days(clock, 31)
    follow()
    assert days_of(row) == 3


def test_an_entry_names_the_month_in_which_its_hours_were_full(student: User, admin: User, clock: Clock) -> None:
    row = earned(student, admin, clock)
    for month, hours in {"2025-11": 700, "2025-12": 700, "2026-01": 300, "2026-02": 700}.items():
        serve(of(row), month, hours)
    follow()
    found = row.entries.filter(kind="bonus").order_by("pk").values_list("key", "month")
    assert list(found) == [("bonus:1", date(2025, 12, 1)), ("bonus:2", date(2026, 2, 1))]


@pytest.mark.parametrize("seed", range(8))
def test_any_order_of_months_and_runs_gives_the_same_balance(
    student: User, admin: User, clock: Clock, seed: int
) -> None:
    dice, row = random.Random(seed), earned(student, admin, clock)
    hours = {month: dice.randint(0, 744) for month in MONTHS}
    computer, order = of(row), dice.sample(MONTHS, len(MONTHS))
    for month in order:
        serve(computer, month, dice.randint(0, hours[month]), people=0)  # seen in part first
        if dice.random() < 0.5:
            follow()
        serve(computer, month, hours[month], people=0)
        follow()
    assert days_of(row) == sum(hours.values()) // 1000 * 3


@pytest.mark.parametrize("seed", range(4))
def test_hours_that_become_fewer_take_nothing_back_and_count_once(
    student: User, admin: User, clock: Clock, seed: int
) -> None:
    dice, row = random.Random(seed), earned(student, admin, clock)
    most = 0
    for _turn in range(12):
        serve(of(row), dice.choice(MONTHS), dice.randint(0, 744), people=0)
        follow()
        most = max(most, sum(ServedMonth.objects.values_list("seconds", flat=True)) // 3_600_000 * 3)
        assert days_of(row) == most


def test_a_donor_without_an_account_gains_days_that_wait(admin: User, clock: Clock) -> None:
    row = earned(None, admin, clock)
    serve(of(row), "2026-01", 2000)
    follow()
    assert (days_of(row), row.ends_at) == (6, None)


def test_after_the_end_they_count_from_the_day_on_which_they_come(student: User, admin: User, clock: Clock) -> None:
    row = earned(student, admin, clock)
    pass_days(clock, 365 + 10)
    serve(of(row), "2026-01", 1000)
    follow()
    row.refresh_from_db()
    assert row.ends_at
    assert row.ends_at - timezone.now() == timedelta(days=3)


def test_an_erased_donor_gets_none(admin: User, clock: Clock) -> None:
    row = earned(None, admin, clock)
    serve(of(row), "2026-01", 1000)
    donor_actions.erase(donor=row.donor)
    follow()
    assert days_of(row) == 0


def test_a_subscription_by_a_code_gets_none(student: User, clock: Clock) -> None:
    running(student)
    follow()
    assert not SubscriptionEntry.objects.filter(kind="bonus").exists()


def test_one_that_fails_stops_no_other(
    student: User, admin: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [earned(None, admin, clock), earned(None, admin, clock)]
    for row in rows:
        serve(of(row), "2026-01", 1000)
    real = bonuses.add
    bad = rows[0].entitlement.pk
    monkeypatch.setattr(bonuses, "add", lambda pk, *rest: 1 / 0 if pk == bad else real(pk, *rest))
    follow()
    assert [days_of(row) for row in rows] == [0, 3]


def test_nothing_due_is_one_query(admin: User, clock: Clock, django_assert_num_queries: Any) -> None:
    row = earned(None, admin, clock)
    serve(of(row), "2026-01", 1000)
    follow()
    with django_assert_num_queries(1):
        follow()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_write_each_thousand_once(student: User, admin: User, clock: Clock) -> None:
    row = earned(student, admin, clock)
    serve(of(row), "2026-01", 3000)
    now, month = timezone.now(), date(2026, 2, 1)

    def work() -> None:
        bonuses.add(row.entitlement.pk, month, now)
        connections.close_all()

    threads = [Thread(target=work) for _each in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert days_of(row) == 9


def test_the_mail_about_the_month_tells_of_them(admin: User, clock: Clock, mailoutbox: list[Any]) -> None:
    row = earned(None, admin, clock)
    donor_rows.verify(row.donor)
    serve(of(row), "2026-02", 1000)
    follow_months()
    mailed()
    assert "You gained 3 days of subscription: 1000 hours in service were full." in mailoutbox[-1].body


def test_the_donors_pages_explain_them(student: User, admin: User, clock: Clock, client: Client) -> None:
    row = earned(student, admin, clock)
    serve(of(row), "2026-02", 2000)
    follow()
    client.force_login(student)
    page = client.get(f"/donating/subscriptions/{row.pk}/").content.decode()
    assert "3 more days for each 1000 hours in service" in page
    assert page.count("For 1000 hours in service, full in February 2026") == 2
    assert "+ 6 days for 2000 hours in service, full in February 2026" in client.get("/donating/").content.decode()
