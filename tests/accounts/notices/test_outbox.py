"""Rows of the outbox: put there once, claimed by one worker, closed once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Notice, User
from accounts.notices import kinds, outbox
from accounts.notices.kinds import Kind
from tests.accounts.notices.letters import LETTER, facts, fresh, letter

pytestmark = pytest.mark.django_db


def claim(**more: Any) -> list[Notice]:
    return outbox.claim("mail", timezone.now(), most=10, **more)


def lost_since(notice: Notice, at: datetime) -> None:
    Notice.objects.filter(pk=notice.pk).update(state="sending", claimed_at=at, next_at=None)


def test_the_same_message_is_put_there_once(student: User) -> None:
    assert letter(student) == letter(student)


def test_each_person_has_their_own(student: User, student2: User) -> None:
    assert letter(student) != letter(student2)


def test_a_kind_that_nobody_registered_is_a_mistake_at_once(student: User) -> None:
    with pytest.raises(LookupError, match=r"test\.unknown"):
        letter(student, kind=Kind("test.unknown", "", facts, "letter"))


def test_two_kinds_of_one_name_are_a_mistake() -> None:
    kinds.register(LETTER)
    with pytest.raises(ValueError, match="two kinds"):
        kinds.register(Kind(LETTER.name, "Others", facts, "letter"))


def test_an_action_that_is_rolled_back_sends_nothing(student: User) -> None:
    with transaction.atomic():
        letter(student)
        transaction.set_rollback(True)
    assert not Notice.objects.exists()


def test_a_mail_rings_for_a_worker(student: User, monkeypatch: pytest.MonkeyPatch) -> None:
    bells: list[str] = []
    monkeypatch.setattr(outbox.doorbell, "ring", bells.append)
    letter(student)
    letter(student, channel="page")
    assert bells == ["accounts.tasks.send_notices"]


def test_a_page_is_due_without_a_time(student: User) -> None:
    assert (letter(student, channel="page").state, letter(student, channel="page").next_at) == ("due", None)


def test_a_claimed_row_is_claimed_once(student: User) -> None:
    letter(student)
    assert (len(claim()), claim()) == (1, [])


def test_a_claim_is_seen_by_others_before_anything_is_sent(student: User) -> None:
    claimed = claim()[0] if letter(student) else None
    assert claimed
    assert (fresh(claimed).state, fresh(claimed).attempts) == ("sending", 1)


def test_what_was_tried_least_comes_first(student: User) -> None:
    first, second = letter(student, "thing:1"), letter(student, "thing:2")
    Notice.objects.filter(pk=first.pk).update(attempts=3)
    assert claim() == [second, first]


def test_what_is_over_is_not_sent(student: User) -> None:
    notice = letter(student, ends_at=timezone.now() + timedelta(minutes=1))
    late = timezone.now() + timedelta(minutes=2)
    assert outbox.claim("mail", late, most=1) == []
    outbox.give_up_lost("mail", late)
    assert (fresh(notice).state, fresh(notice).fault) == ("cancelled", outbox.TOO_LATE)


def test_cancelling_leaves_what_is_delivered_and_what_is_anothers(student: User) -> None:
    done, due, other = (
        letter(student, *a, **k) for a, k in ((("x",), {}), (("x",), {"channel": "page"}), (("y",), {}))
    )
    outbox.delivered(done, timezone.now())
    assert outbox.cancel(["x"], "It was over first.") == 1
    assert [fresh(row).state for row in (done, due, other)] == ["delivered", "cancelled", "due"]


def test_a_row_whose_worker_died_is_not_sent_again_by_itself(student: User) -> None:
    lost_since(notice := letter(student), timezone.now() - outbox.LOST_AFTER - timedelta(seconds=1))
    outbox.give_up_lost("mail", timezone.now())
    assert (fresh(notice).state, fresh(notice).fault) == ("failed", outbox.LOST)
    assert claim() == []


def test_a_row_that_is_being_sent_is_left_alone(student: User) -> None:
    lost_since(notice := letter(student), timezone.now() - timedelta(minutes=1))
    outbox.give_up_lost("mail", timezone.now())
    assert fresh(notice).state == "sending"


def test_a_worker_that_was_only_slow_has_the_last_word(student: User) -> None:
    lost_since(notice := letter(student), timezone.now() - timedelta(hours=1))
    outbox.give_up_lost("mail", timezone.now())
    assert outbox.delivered(notice, timezone.now())
    assert (fresh(notice).state, fresh(notice).fault) == ("delivered", "")


def test_it_is_delivered_once(student: User) -> None:
    notice = letter(student)
    assert [outbox.delivered(notice, timezone.now()) for _twice in range(2)] == [True, False]


def test_a_delivery_has_its_time_and_nothing_else_has(student: User) -> None:
    letter(student)
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.update(state="delivered")


def test_an_administrator_sends_again_what_failed(student: User, admin: User) -> None:
    outbox.settle(claim()[0] if letter(student) else Notice(), "failed", "550 No")
    outbox.send_again(notice=Notice.objects.get(), by=admin)
    assert [(row.state, row.attempts) for row in claim()] == [("sending", 1)]


def test_the_address_that_a_server_quotes_is_not_kept(student: User) -> None:
    notice = claim()[0] if letter(student) else Notice()
    outbox.put_back(notice, "450 <ana@example.org>: is full")
    assert fresh(notice).fault == "450 <…>: is full"
    lost_since(notice, timezone.now())
    outbox.settle(notice, "failed", "550 ana@example.org: nobody")
    assert fresh(notice).fault == "550 … nobody"


@pytest.mark.parametrize("state", ["due", "sending", "none", "cancelled"])
def test_nothing_else_is_sent_again(student: User, admin: User, state: str) -> None:
    notice = letter(student)
    Notice.objects.update(state=state)
    with pytest.raises(outbox.NotFailed):
        outbox.send_again(notice=notice, by=admin)
    assert fresh(notice).state == state


def test_what_is_long_over_is_forgotten(student: User) -> None:
    long_ago = timezone.now() - outbox.KEPT - timedelta(days=1)
    old, waiting, new = letter(student, "x", now=long_ago), letter(student, "y", now=long_ago), letter(student, "z")
    for row in (old, new):
        outbox.delivered(row, timezone.now())
    outbox.forget(timezone.now())
    assert set(Notice.objects.all()) == {waiting, new}


@pytest.mark.django_db(transaction=True)
def test_a_row_that_another_worker_claims_just_now_is_passed_over(student: User) -> None:
    """The other is in the middle of its claim: nobody waits for it."""
    first, second = letter(student, "thing:1"), letter(student, "thing:2")
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT FROM accounts_notice WHERE id = %s FOR UPDATE", [first.pk])
        assert claim() == [second]
    finally:
        other.rollback()
        other.close()
