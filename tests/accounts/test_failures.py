"""Rows that fail are counted, rest for ever longer, and are struck off when they are well again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts import failures
from accounts.failures import Failures
from accounts.models import RowFailure, User

pytestmark = pytest.mark.django_db


def fail(key: str = "1", now: datetime | None = None, error: type[Exception] = ValueError, **facts: Any) -> RowFailure:
    with Failures("loop", now).at(key, **facts) as tried:
        raise error("poison")
    assert tried.failure
    return tried.failure


def test_it_rests_longer_and_longer() -> None:
    now, pauses = timezone.now(), []
    for _try in range(9):
        row = fail(now=now)
        pauses.append((row.next_at - now).total_seconds())
        now = row.next_at
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_what_is_only_busy_rests_five_minutes_at_most() -> None:
    now = timezone.now()
    for _try in range(9):
        row = fail(now=now, error=OSError, busy=(OSError,))
        pause, now = row.next_at - now, row.next_at
    assert pause == timedelta(minutes=5)


def test_one_that_is_tried_before_its_time_is_counted_once() -> None:
    now = timezone.now()
    assert [fail(now=now).fails, fail(now=now).fails, fail(now=now + timedelta(seconds=31)).fails] == [1, 1, 2]


def test_while_it_rests_it_is_left_out() -> None:
    now = timezone.now()
    fail("7", now)
    assert Failures("loop", now).resting == ["7"]
    assert Failures("loop", now + timedelta(seconds=31)).resting == []
    assert Failures("another", now).resting == []


def test_one_that_goes_well_again_is_struck_off() -> None:
    fail("7")
    with Failures("loop").read().at("7"):
        pass
    assert not RowFailure.objects.exists()


def test_one_whose_second_part_fails_is_not_counted_anew_each_time() -> None:
    now, counts = timezone.now(), []
    for _try in range(3):
        loop = Failures("loop", now).read()
        with loop.at("7"):
            pass
        with loop.at("7") as tried:
            raise ValueError
        assert tried.failure
        counts.append(tried.failure.fails)
        now = tried.failure.next_at
    assert (counts, RowFailure.objects.get().fails) == ([1, 2, 3], 3)


def test_what_is_let_through_is_not_counted() -> None:
    with pytest.raises(KeyError), Failures("loop").at("7", passes=(KeyError,)):
        raise KeyError
    assert not RowFailure.objects.exists()


def test_three_in_a_row_are_enough() -> None:
    loop = Failures("loop")
    for key in ("1", "2", "3"):
        assert not loop.is_enough
        with loop.at(key):
            raise ValueError
    assert loop.is_enough


def test_of_many_rows_only_the_bad_one_is_not_written(student: User) -> None:
    def write(names: Sequence[str]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE accounts_user SET first_name = %s", ["".join(names)])

    loop = Failures("loop")
    loop.write(["good", "b\0d"], write, key=str)
    student.refresh_from_db()
    assert (student.first_name, loop.failed) == ("good", {"bd"})


def test_what_nobody_tries_any_more_is_forgotten() -> None:
    now = timezone.now()
    fail("old", now - timedelta(hours=3))
    fail("new", now)
    failures.forget(now)
    assert [row.key for row in RowFailure.objects.all()] == ["new"]


def test_an_error_may_be_any_text() -> None:
    with Failures("loop").at("7") as tried:
        raise ValueError("\0" + "x" * 1000)
    assert tried.failure
    assert len(tried.failure.error) == 300
