"""Failed sign-ins are counted by (name, address) and by address."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection
from django.utils import timezone

from accounts import limits, passwords
from accounts.addresses import note
from accounts.limits import OF_A_NAME, OF_AN_ADDRESS, TooManyFailures, attempt
from accounts.models import SignInFailures, SignInTotal, User
from lib.cpu_turns import Turns
from lib.notes import Refusal
from tests.waiting import PATIENCE

HOME = "203.0.113.9"


def fail(name: str = "student", address: str = HOME) -> None:
    with attempt(name=name, address=address):
        pass


def succeed(name: str = "student", address: str = HOME) -> None:
    with attempt(name=name, address=address) as tried:
        tried.succeeded()


def refused(name: str = "student", address: str = HOME) -> int:
    """Return for how many seconds it is refused; 0 when it is let in."""
    try:
        fail(name, address)
    except TooManyFailures as refusal:
        return refusal.retry_after
    return 0


def test_the_eleventh_wrong_password_of_a_name_waits(db: None) -> None:
    assert [bool(refused()) for _ in range(OF_A_NAME + 1)] == [False] * OF_A_NAME + [True]


def test_nobody_is_locked_out_elsewhere(db: None) -> None:
    for _ in range(OF_A_NAME):
        fail(address="198.51.100.7")
    assert not refused(address=HOME)


def test_one_password_for_many_names_meets_the_limit_of_the_address(db: None) -> None:
    waits = [bool(refused(f"name{n}")) for n in range(40)]
    assert (waits.index(True), waits[-1]) == (OF_AN_ADDRESS, True)


def test_a_room_of_forty_that_mistypes_once_each_gets_in(db: None) -> None:
    for n in range(40):
        person = User.objects.create(username=f"p{n}")
        fail(person.username)
        succeed(person.username)
        note(user=person, address=HOME, at=timezone.now())


def test_who_is_at_home_there_does_not_wait_for_a_neighbour(student: User, student2: User) -> None:
    note(user=student, address=HOME, at=timezone.now())
    for n in range(OF_AN_ADDRESS + 3):
        fail(f"name{n}")
    assert refused(student2.username)
    succeed(student.username)
    for _ in range(OF_A_NAME):
        refused(student.username)
    assert refused(student.username)


def test_success_is_not_counted(db: None) -> None:
    for _ in range(3 * OF_AN_ADDRESS):
        succeed()
    assert not refused()


def test_success_forgets_the_names_failures_but_not_the_addresss(db: None) -> None:
    for _ in range(OF_A_NAME - 1):
        fail()
    succeed()
    assert list(SignInFailures.objects.values_list("count", flat=True)) == [OF_A_NAME - 1]
    assert not refused()


def test_the_wait_grows_up_to_its_longest(db: None) -> None:
    for _ in range(OF_A_NAME - 1):
        fail()
    waits = []
    for _ in range(8):
        fail()
        waits.append(refused())
        SignInFailures.objects.update(until=None)
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]


def test_after_an_hour_the_count_begins_anew(db: None) -> None:
    for _ in range(OF_A_NAME):
        fail()
    SignInFailures.objects.update(at=timezone.now() - timedelta(hours=2), until=timezone.now())
    assert [refused() for _ in range(2)] == [0, 0]


@pytest.mark.parametrize("error", [RuntimeError("a mistake of ours"), OperationalError("the pool is empty")])
def test_a_mistake_of_ours_is_no_wrong_password(error: Exception, db: None) -> None:
    for _ in range(OF_A_NAME + 1):
        with pytest.raises(type(error)), attempt(name="student", address=HOME):
            raise error
    assert (refused(), SignInTotal.objects.filter(kind="wrong_password").count()) == (0, 1)


@pytest.mark.parametrize("error", [Refusal("wrong"), ValidationError("wrong")])
def test_a_wrong_password_counts_whoever_says_so(error: Exception, db: None) -> None:
    for _ in range(OF_A_NAME):
        with pytest.raises(type(error)), attempt(name="student", address=HOME):
            raise error
    assert refused()


def test_what_no_longer_counts_is_deleted(db: None) -> None:
    fail()
    assert limits.forget(timezone.now() + timedelta(hours=2)) == 2
    assert not SignInFailures.objects.exists()


def test_an_ipv6_network_counts_as_one_address(db: None) -> None:
    waits = [bool(refused(f"name{n}", f"2001:db8::{n:x}")) for n in range(OF_AN_ADDRESS + 1)]
    assert waits[-1]


def test_where_the_proxy_tells_no_address_only_names_are_counted(db: None) -> None:
    assert not any(refused(f"name{n}", "") for n in range(OF_AN_ADDRESS + 1))


def test_refusals_are_counted_by_reason(db: None) -> None:
    for _ in range(OF_A_NAME + 2):
        refused()
    assert dict(SignInTotal.objects.values_list("kind", "count")) == {"wrong_password": OF_A_NAME, "throttled": 2}


def test_what_was_typed_is_not_kept(db: None) -> None:
    fail("my password, by mistake")
    assert not any("password" in key for key in SignInFailures.objects.values_list("key", flat=True))


@pytest.mark.django_db(transaction=True)
def test_a_burst_gets_no_more_tries_than_one_after_the_other() -> None:
    def one(_n: int) -> bool:
        try:
            return not refused()
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as many:
        assert sum(many.map(one, range(40))) == OF_A_NAME


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_burst_of_many_names_meets_the_limit_of_the_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The burst waits in one line before the first has failed."""
    turns = Turns(tmp_path / "turns", most=1, seconds=2 * PATIENCE)
    monkeypatch.setattr(passwords, "turns", lambda: turns)
    looked: list[str] = []

    def one(n: int) -> None:
        try:
            with attempt(name=f"name{n}", address=HOME), passwords.turn():
                looked.append(f"name{n}")
        except TooManyFailures:
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as many:
        list(many.map(one, range(60)))
    assert OF_AN_ADDRESS <= len(looked) <= OF_AN_ADDRESS + 4  # a failure is counted just after its turn
