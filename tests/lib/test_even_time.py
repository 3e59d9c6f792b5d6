"""Answers that take the same time whatever was found."""

import time

import pytest
from django.db import connection

from lib.even_time import evenly


@pytest.mark.parametrize("found", [True, False])
def test_it_takes_as_long_whatever_happens_inside(found: bool) -> None:
    began = time.monotonic()
    with evenly(0.05):
        time.sleep(0.02 if found else 0)
    assert time.monotonic() - began >= 0.05


def test_a_refusal_takes_as_long() -> None:
    began = time.monotonic()
    with pytest.raises(LookupError), evenly(0.05):
        raise LookupError
    assert time.monotonic() - began >= 0.05


@pytest.mark.django_db(transaction=True)
def test_the_wait_holds_no_connection() -> None:
    with evenly(0.05):
        connection.ensure_connection()
    assert connection.connection is None
