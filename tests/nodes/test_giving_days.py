"""Days given away by a code: they leave at once, come back once, and work once."""

import random
from datetime import timedelta
from fractions import Fraction
from threading import Thread

import pytest
from django.db import connections
from django.utils import timezone

from accounts import limits
from accounts.models import Subscription, TransferCode, User
from nodes.subscriptions import giving
from nodes.subscriptions.days import BadDays
from nodes.subscriptions.giving import BadCode, NothingToGive, days_of
from quotas.models import Grant
from tests.nodes.conftest import Clock
from tests.nodes.subscribed import follow, make_plan, pass_days, promised, started


def _claim(text: str, user: User) -> Subscription:
    return giving.claim(text=text, user=user, address="").subscription


def test_the_days_leave_at_once_and_the_receiver_gets_them_from_now_on(
    student: User, student2: User, admin: User, clock: Clock
) -> None:
    row = started(student, admin, clock)
    given = giving.give(subscription=row, by=student, share=0.5)
    row.refresh_from_db()
    assert (row.days_left(timezone.now()), given.row.days) == (183, 182)
    assert Grant.objects.get(user=student).ends_at == row.ends_at
    pass_days(clock, 10)
    theirs = _claim(f" {given.code.lower()} ", student2)
    grant = Grant.objects.get(user=student2)
    assert (theirs.days_left(timezone.now()), grant.machines, grant.source) == (182, 1, "subscription")
    student2.refresh_from_db()
    assert "donor" in student2.roles


def test_of_the_code_a_hash_is_kept(student: User, admin: User, clock: Clock) -> None:
    given = giving.give(subscription=started(student, admin, clock), by=student, days=5)
    assert given.code.replace("-", "") not in str(TransferCode.objects.values().get())


@pytest.mark.parametrize(("share", "left", "gives"), [(1, 10, 10), (0.5, 7, 3), (0.01, 7, 1), (Fraction(1, 3), 9, 3)])
def test_a_share_is_whole_days_and_one_at_least(share: float, left: int, gives: int) -> None:
    assert days_of(share, left) == gives


@pytest.mark.parametrize("share", [0, -0.5, 1.01, float("nan"), float("inf")])
def test_a_share_is_more_than_nothing_and_at_most_all(share: float) -> None:
    with pytest.raises(BadDays):
        days_of(share, 10)


@pytest.mark.parametrize("amount", [0, -1, 366])
def test_no_more_can_be_given_than_is_left(student: User, admin: User, clock: Clock, amount: int) -> None:
    row = started(student, admin, clock)
    with pytest.raises(BadDays):
        giving.give(subscription=row, by=student, days=amount)


def test_what_has_not_begun_or_is_over_cannot_be_given(student: User, admin: User, clock: Clock) -> None:
    make_plan(5)
    with pytest.raises(NothingToGive):
        giving.give(subscription=promised(admin, clock), by=student, share=1)
    row = started(student, admin, clock, days=5)
    pass_days(clock, 4.5)
    with pytest.raises(NothingToGive):
        giving.give(subscription=row, by=student, share=1)


def test_a_code_comes_back_when_it_is_withdrawn_or_has_ended(student: User, admin: User, clock: Clock) -> None:
    row = started(student, admin, clock)
    withdrawn, ends = (giving.give(subscription=row, by=student, days=100).row for _each in range(2))
    giving.withdraw(code=withdrawn, by=student)
    with pytest.raises(giving.NotOpen):
        giving.withdraw(code=withdrawn, by=student)
    clock.pass_minutes(giving.LIFE / timedelta(minutes=1))
    follow()
    follow()
    row.refresh_from_db()
    ends.refresh_from_db()
    assert (row.days, bool(ends.withdrawn_at)) == (365, True)
    assert Grant.objects.get(user=student).ends_at == row.ends_at


def test_days_that_come_back_after_the_end_count_from_then(student: User, admin: User, clock: Clock) -> None:
    row = started(student, admin, clock, days=10)
    giving.give(subscription=row, by=student, share=1)
    pass_days(clock, 30)
    follow()
    row.refresh_from_db()
    assert row.days_left(timezone.now()) == 10


def test_codes_that_do_not_work_read_the_same(
    student: User, student2: User, teacher: User, admin: User, clock: Clock
) -> None:
    row = started(student, admin, clock)
    used, back, over = (giving.give(subscription=row, by=student, days=9) for _each in range(3))
    _claim(used.code, teacher)
    giving.withdraw(code=back.row, by=student)
    TransferCode.objects.filter(pk=over.row.pk).update(expires_at=timezone.now())
    words = set()
    for text in (used.code, back.code, over.code, "BCDF-BCDF-BCDF", "", "\0"):
        with pytest.raises(BadCode) as refusal:
            _claim(text, student2)
        words.add(str(refusal.value))
    assert len(words) == 1
    assert not student2.subscriptions.exists()


def test_a_second_press_changes_nothing(student: User, student2: User, admin: User, clock: Clock) -> None:
    given = giving.give(subscription=started(student, admin, clock), by=student, days=9)
    assert _claim(given.code, student2) == _claim(given.code, student2)
    assert Grant.objects.filter(user=student2).count() == 1


def test_ones_own_code_is_withdrawn(student: User, admin: User, clock: Clock) -> None:
    given = giving.give(subscription=started(student, admin, clock), by=student, days=9)
    claimed = giving.claim(text=given.code, user=student, address="")
    assert (claimed.is_own, claimed.subscription.days) == (True, 365)
    assert Subscription.objects.count() == 1


def test_who_guesses_has_to_wait(student: User, clock: Clock) -> None:
    for _guess in range(limits.OF_A_NAME):
        with pytest.raises(BadCode):
            _claim("BCDF-BCDF-BCDF", student)
    with pytest.raises(limits.TooManyCodes):
        _claim("BCDF-BCDF-BCDF", student)


def test_codes_that_work_count_as_no_guess(student: User, student2: User, admin: User, clock: Clock) -> None:
    row = started(student, admin, clock)
    for _code in range(limits.OF_A_NAME + 1):
        _claim(giving.give(subscription=row, by=student, days=2).code, student2)
    assert Subscription.objects.of(student2).count() == limits.OF_A_NAME + 1


@pytest.mark.parametrize("seed", range(5))
def test_no_day_is_made_or_lost_by_giving(student: User, student2: User, admin: User, clock: Clock, seed: int) -> None:
    dice, row = random.Random(seed), started(student, admin, clock)
    codes = []
    for _step in range(12):
        if codes and dice.random() < 0.6:
            given = codes.pop(dice.randrange(len(codes)))
            dice.choice([lambda g: giving.withdraw(code=g.row, by=student), lambda g: _claim(g.code, student2)])(given)
        else:
            codes.append(giving.give(subscription=row, by=student, days=dice.randint(1, 20)))
    row.refresh_from_db()
    theirs = sum(each.days for each in Subscription.objects.of(student2))
    assert row.days + theirs + sum(given.row.days for given in codes) == 365


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_claimed_and_withdrawn_at_once_it_is_one_of_both(
    student: User, student2: User, admin: User, clock: Clock, turn: int
) -> None:
    row = started(student, admin, clock)
    given, done = giving.give(subscription=row, by=student, days=100), []

    def press(name: str) -> None:
        try:
            if name == "claim":
                _claim(given.code, student2)
            else:
                giving.withdraw(code=given.row, by=student)
            done.append(name)
        except (BadCode, giving.NotOpen):
            pass
        finally:
            connections.close_all()

    threads = [Thread(target=press, args=[name]) for name in ("claim", "withdraw")]
    for thread in threads[:: -1 if turn % 2 else 1]:
        thread.start()
    for thread in threads:
        thread.join(20)
    row.refresh_from_db()
    got = [each.days for each in Subscription.objects.of(student2)]
    assert (len(done), row.days + sum(got)) == (1, 365)
