"""No sequence of giving and taking back makes days."""

from contextlib import suppress

from django.utils import timezone

from accounts.models import User
from nodes.subscriptions import days, giving
from tests.nodes.conftest import Clock
from tests.nodes.subscribed import pass_days, started


def test_a_code_taken_back_just_after_the_end_brings_no_more_than_its_days(
    student: User, admin: User, clock: Clock
) -> None:
    row = started(student, admin, clock, days=2)
    code = giving.give(subscription=row, by=student, days=1).row
    pass_days(clock, 1.01)
    giving.withdraw(code=code, by=student)
    row.refresh_from_db()
    assert row.ends_at is not None
    assert (row.ends_at - timezone.now()).total_seconds() <= 86400


def test_the_same_correction_sent_again_is_no_refusal(student: User, admin: User, clock: Clock) -> None:
    row = started(student, admin, clock, days=30)
    for _press in range(2):
        days.correct(subscription=row, days=-20, by=admin, note="Mistake", key="one press")
    row.refresh_from_db()
    assert row.days == 10


def test_one_day_does_not_last_for_ever(student: User, admin: User, clock: Clock) -> None:
    row = started(student, admin, clock, days=2)
    begun = timezone.now()
    for _each in range(4):
        with suppress(giving.NothingToGive):
            code = giving.give(subscription=row, by=student, days=1).row
            row.refresh_from_db()
            assert row.ends_at is not None
            pass_days(clock, (row.ends_at - timezone.now()).total_seconds() / 86400 + 0.001)
            giving.withdraw(code=code, by=student)
        row.refresh_from_db()
    assert row.ends_at is not None
    assert (row.ends_at - begun).days <= 2
