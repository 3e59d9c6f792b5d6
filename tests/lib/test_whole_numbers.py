"""Numbers of addresses and forms: what is none is never taken for one, and none is too large for the database."""

import pytest

from lib.whole_numbers import whole_number


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("12", 12), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_what_is_a_number(text: str, number: int) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("text", ["", " 1", "-1", "+1", "1.0", "1_0", "x", "²", "١٢", "9" * 19, "1\0"])
def test_what_is_none(text: str) -> None:
    assert whole_number(text) is None


def test_fewer_digits_where_the_column_is_smaller() -> None:
    assert (whole_number("999999999", digits=9), whole_number("1000000000", digits=9)) == (999_999_999, None)
