"""The way from an accepted computer to a subscription that runs: promised, earned, started; taken back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import failures, person_actions
from accounts.donors import donor_rows
from accounts.models import Donor, RowFailure, Subscription, User
from nodes import actions
from nodes.models import Plan
from nodes.subscriptions import plans, promises
from nodes.subscriptions.plans import Worth
from quotas.models import Grant
from tests.nodes.conftest import Clock
from tests.nodes.donated import PC, donor_of, offered, stepped, taken
from tests.nodes.subscribed import AMOUNTS, follow, make_plan, pass_days, promised, settled, started


def test_an_accepted_computer_brings_a_promise_once_it_cannot_be_undone(
    lucia: Donor, admin: User, clock: Clock
) -> None:
    make_plan()
    taken(offered(donor=lucia), "accept", admin)
    clock.pass_minutes(9.99)
    follow()
    assert not Subscription.objects.exists()
    clock.pass_minutes(0.01)
    follow()
    follow()
    row = Subscription.objects.get()
    assert (row.donor, row.days, row.starts_at, row.standing(timezone.now())) == (lucia, 365, None, "promised")


def test_computers_that_fit_no_plan_do_not_keep_others_from_their_promise(
    lucia: Donor, admin: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "BATCH", 1)
    make_plan(min_ram_mb=4096)
    donation = offered(replace(PC, ram_mb=2048), replace(PC, ram_mb=4096), donor=lucia)
    taken(donation, "accept", admin)
    clock.pass_minutes(10)
    follow()
    assert Subscription.objects.get().entitlement.computer.ram_mb == 4096


def test_it_starts_when_its_computer_has_come(student: User, admin: User, clock: Clock) -> None:
    row = started(student, admin, clock)
    grant = Grant.objects.get(user=student)
    assert (grant.source, grant.starts_at, grant.ends_at) == ("subscription", row.starts_at, row.ends_at)
    assert {measure: getattr(grant, measure) for measure in AMOUNTS} == AMOUNTS
    assert row.days_left(timezone.now()) == 365
    student.refresh_from_db()
    assert "donor" in student.roles


def test_accepted_is_enough_where_the_setting_says_so(student: User, admin: User, clock: Clock, settings: Any) -> None:
    settings.SUBSCRIPTION_STARTS = "accepted"
    make_plan()
    assert promised(admin, clock, donor_of(user=student)).starts_at


def test_without_an_account_no_day_is_lost(lucia: Donor, student: User, admin: User, clock: Clock) -> None:
    make_plan()
    row = promised(admin, clock, lucia)
    settled(row.entitlement.computer, "receive", by=admin, clock=clock)
    pass_days(clock, 100)
    donor_rows.tie(donor=lucia, user=student)
    follow()
    row.refresh_from_db()
    assert (row.starts_at, row.days_left(timezone.now())) == (timezone.now(), 365)


def test_undone_and_declined_take_a_promise_back_and_accepted_gives_it_again(
    lucia: Donor, admin: User, clock: Clock
) -> None:
    make_plan()
    row = promised(admin, clock, lucia)
    settled(row.entitlement.computer, "decline", by=admin, clock=clock)
    row.refresh_from_db()
    assert row.withdrawn_at
    assert row.standing(timezone.now()) == "ended"
    settled(row.entitlement.computer, "accept", by=admin, clock=clock)
    row.refresh_from_db()
    assert (row.withdrawn_at, row.days) == (None, 365)


def test_a_computer_that_is_lost_before_it_counts_brings_nothing(student: User, admin: User, clock: Clock) -> None:
    make_plan()
    row = promised(admin, clock, donor_of(user=student))
    settled(row.entitlement.computer, "receive", "lose", by=admin, clock=clock)
    row.refresh_from_db()
    assert row.withdrawn_at
    assert not Grant.objects.filter(user=student).exists()


def test_what_came_for_good_and_was_lost_counts_also_where_no_worker_ran_meanwhile(
    student: User, admin: User, clock: Clock
) -> None:
    make_plan()
    row = promised(admin, clock, donor_of(user=student))
    stepped(row.entitlement.computer, "receive", by=admin)
    clock.pass_minutes(20)
    settled(row.entitlement.computer, "lose", by=admin, clock=clock)
    assert Grant.objects.filter(user=student).exists()


@pytest.mark.parametrize("steps", [["recycle"], ["lose"], ["use_for_parts"]])
def test_what_becomes_of_its_computer_later_shortens_nothing(
    student: User, admin: User, clock: Clock, steps: list[str]
) -> None:
    row = started(student, admin, clock)
    before = row.ends_at
    settled(row.entitlement.computer, *steps, by=admin, clock=clock)
    row.refresh_from_db()
    assert (row.ends_at, Grant.objects.get(user=student).ends_at, row.withdrawn_at) == (before, before, None)


def test_nor_is_a_promise_taken_back_that_was_earned(lucia: Donor, admin: User, clock: Clock) -> None:
    make_plan()
    row = promised(admin, clock, lucia)
    for step in ("receive", "lose"):
        settled(row.entitlement.computer, step, by=admin, clock=clock)
    row.refresh_from_db()
    assert row.withdrawn_at is None


def test_a_receipt_that_is_undone_starts_nothing(student: User, admin: User, clock: Clock) -> None:
    make_plan()
    row = promised(admin, clock, donor_of(user=student))
    actions.undo(batch=taken(row.entitlement.computer.donation, "receive", admin), by=admin)
    clock.pass_minutes(60)
    follow()
    assert Subscription.objects.get().starts_at is None


def test_a_poisoned_row_stops_no_other(
    lucia: Donor, admin: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_plan()
    first, second = offered("a", "b", donor=lucia).computers.all()
    real = promises.promise

    def poisoned(pk: int, now: Any) -> Any:
        if pk == first.pk:
            raise ValueError("poison")
        return real(pk, now)

    monkeypatch.setattr(promises, "promise", poisoned)
    for computer in (first, second):
        stepped(computer, "accept", by=admin)
    clock.pass_minutes(10)
    follow()
    assert Subscription.objects.get().entitlement.computer == second
    assert RowFailure.objects.get().key == f"promise:{first.pk}"


def test_with_the_person_the_grant_ends(student: User, admin: User, clock: Clock) -> None:
    started(student, admin, clock)
    person_actions.remove(person=student, by=admin)
    clock.pass_minutes(1)
    follow()
    assert Grant.objects.get(user=student).ends_at == timezone.now()


def test_a_promise_of_an_erased_donor_is_taken_back(lucia: Donor, admin: User, clock: Clock) -> None:
    make_plan()
    promised(admin, clock, lucia)
    donor_rows.erase(lucia)
    follow()
    follow()
    assert Subscription.objects.get().withdrawn_at


# ---- plans ----


@pytest.fixture
def several(db: None) -> list[Plan]:
    make_plan(title_en="Small")
    facts = {"title_es": "Grande", "days": 700, **AMOUNTS}
    Plan.objects.create(title_en="Server", kind="server", min_ram_mb=8192, min_bits=64, priority=9, **facts)
    Plan.objects.create(title_en="Off", priority=99, enabled=False, **facts)
    return plans.enabled()


@pytest.mark.parametrize(
    ("worth", "title"),
    [
        (Worth("server", 64, 8192), "Server"),
        (Worth("server", 64, 8191), "Small"),
        (Worth("server", None, 8192), "Small"),  # what is not known promises no more
        (Worth("desktop", 64, 32768), "Small"),
    ],
)
def test_the_first_plan_that_surely_fits_counts(several: list[Plan], worth: Worth, title: str) -> None:
    plan = plans.plan_for(worth, several)
    assert plan
    assert plan.title_en == title


def test_no_plan_is_no_promise(lucia: Donor, admin: User, clock: Clock) -> None:
    Plan.objects.all().delete()
    settled(offered(donor=lucia).computers.get(), "accept", by=admin, clock=clock)
    assert not Subscription.objects.exists()


def test_a_change_of_the_plan_touches_no_promise(student: User, admin: User, clock: Clock) -> None:
    make_plan()
    row = promised(admin, clock, donor_of(user=student))
    Plan.objects.update(days=1, machines=9, title_en="Other")
    settled(row.entitlement.computer, "receive", by=admin, clock=clock)
    grant = Grant.objects.get(user=student)
    assert (grant.machines, grant.ends_at - grant.starts_at) == (1, timedelta(days=365))


def test_on_its_first_day_a_page_tells_all_its_days_and_one_less_can_be_given(
    student: User, admin: User, clock: Clock
) -> None:
    row = started(student, admin, clock)
    soon = row.starts_at + timedelta(hours=1)
    assert (row.days_shown(soon), row.days_left(soon)) == (365, 364)


def test_on_its_last_day_a_page_tells_one(student: User, admin: User, clock: Clock) -> None:
    row = started(student, admin, clock)
    assert [row.days_shown(row.ends_at + timedelta(hours=hours)) for hours in (-25, -1, 1)] == [2, 1, 0]
