"""Sign-in by a browser: who gets a token, when, and how often."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts import device_codes, limits, tokens
from accounts.device_codes import Codes, NotYet, UnknownCode
from accounts.limits import TooManyCodes
from accounts.models import DeviceSignIn, User
from lib.notes import Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def codes(db: None) -> Codes:
    return device_codes.begin(name="laptop", address="203.0.113.5")


def allow(codes: Codes, person: User) -> None:
    device_codes.decide(user_code=codes.user_code, person=person, is_allowed=True)


def why(codes: Codes) -> str:
    with pytest.raises(NotYet) as caught:
        device_codes.poll(codes.device_code)
    return caught.value.code


def test_the_token_is_named_after_the_computer(codes: Codes, student: User) -> None:
    assert why(codes) == "authorization_pending"
    allow(codes, student)
    text = device_codes.redeem(*device_codes.poll(codes.device_code))
    found = tokens.find(text, timezone.now())
    assert found is not None
    assert (found.user, found.facts.name) == (student, "laptop")


def test_no_code_is_kept(codes: Codes) -> None:
    kept = str(DeviceSignIn.objects.values_list().get())
    assert not any(code in kept for code in (codes.device_code, codes.user_code, codes.user_code.replace("-", "")))


def test_a_token_is_given_once(codes: Codes, student: User) -> None:
    allow(codes, student)
    row, person = device_codes.poll(codes.device_code)
    device_codes.redeem(row, person)
    with pytest.raises(NotYet, match="used already"):
        device_codes.redeem(row, person)


def test_what_was_denied_stays_denied(codes: Codes, student: User, student2: User) -> None:
    device_codes.decide(user_code=codes.user_code, person=student, is_allowed=False)
    assert why(codes) == "access_denied"
    with pytest.raises(UnknownCode):
        allow(codes, student2)


def test_a_code_ends_after_ten_minutes(codes: Codes, student: User) -> None:
    DeviceSignIn.objects.update(ends_at=timezone.now())
    with pytest.raises(UnknownCode):
        allow(codes, student)
    assert why(codes) == "expired_token"
    assert device_codes.forget(timezone.now() + timedelta(seconds=1)) == 1


def test_it_ends_ten_minutes_after_it_began(codes: Codes) -> None:
    row = DeviceSignIn.objects.get()
    assert row.ends_at - row.at == timedelta(minutes=10)


def test_whoever_polls_too_often_is_slowed_down(codes: Codes) -> None:
    assert [why(codes) for _poll in range(2)] == ["authorization_pending", "slow_down"]
    assert DeviceSignIn.objects.get().interval == 10


@pytest.mark.parametrize("change", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code} "])
def test_a_code_may_be_typed_as_people_do(codes: Codes, student: User, change: Any) -> None:
    found = device_codes.waiting(user_code=change(codes.user_code), person=student)
    assert found.name == "laptop"


def test_whoever_guesses_has_to_wait(codes: Codes, student: User) -> None:
    for _guess in range(limits.OF_A_NAME):
        with pytest.raises(UnknownCode):
            device_codes.waiting(user_code="BBBB-BBBB", person=student)
    with pytest.raises(TooManyCodes):
        allow(codes, student)


def test_right_codes_are_not_counted(codes: Codes, student: User) -> None:
    for _look in range(limits.OF_A_NAME + 1):
        device_codes.waiting(user_code=codes.user_code, person=student)


def test_one_address_begins_only_so_many(db: None) -> None:
    for _program in range(limits.OF_AN_ADDRESS):
        device_codes.begin(name="x", address="203.0.113.5")
    with pytest.raises(TooManyCodes):
        device_codes.begin(name="x", address="203.0.113.5")
    device_codes.begin(name="x", address="203.0.113.6")


def test_strangers_do_not_fill_the_table(codes: Codes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_codes, "MOST_WAITING", 1)
    with pytest.raises(device_codes.TooManyWait):
        device_codes.begin(name="x", address="203.0.113.6")


def test_whoever_was_blocked_meanwhile_gets_none(codes: Codes, student: User) -> None:
    allow(codes, student)
    User.objects.filter(pk=student.pk).update(is_active=False)
    assert why(codes) == "expired_token"


def test_ending_all_tokens_ends_what_was_allowed(codes: Codes, student: User) -> None:
    allow(codes, student)
    tokens.end_all(student)
    assert why(codes) == "expired_token"


def test_whoever_has_too_many_tokens_reads_it_on_the_page(codes: Codes, student: User) -> None:
    for number in range(tokens.MOST_TOKENS):
        tokens.make(user=student, name=f"n{number}")
    with pytest.raises(Refusal, match="tokens already"):
        allow(codes, student)
    assert why(codes) == "authorization_pending"


@pytest.mark.django_db(transaction=True)
def test_of_two_polls_at_once_one_gets_the_token(student: User) -> None:
    codes = device_codes.begin(name="laptop", address="")
    allow(codes, student)
    got: list[str] = []

    def fetch() -> None:
        try:
            got.append(device_codes.redeem(*device_codes.poll(codes.device_code)))
        except NotYet:
            pass
        connection.close()

    threads = [threading.Thread(target=fetch) for _program in range(4)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    assert (len(got), tokens.of(student).count()) == (1, 1)
