"""The number on a computer's label, and its check digit."""

import random
from itertools import pairwise

import pytest

from nodes import donation_numbers
from nodes.computer_numbers import BadNumber, check_digit, read, written

SERIALS = [*range(1, 300), *random.Random(7).sample(range(300, 10**9), 300)]


def test_the_published_example() -> None:
    assert (written(127), read("MNG-00127-4")) == ("MNG-00127-4", 127)


def test_the_check_digit_is_gs1_s() -> None:
    """The example of GS1's General Specifications for a GTIN-13: 629104150021, check digit 3."""
    assert check_digit(629104150021) == 3


@pytest.mark.parametrize("serial", [1, 9, 99_999, 100_000, 999_999_999])
def test_what_is_written_is_read_again(serial: int) -> None:
    assert read(written(serial)) == serial


def test_every_wrong_digit_is_seen() -> None:
    for serial in SERIALS:
        digits = f"{serial:05}{check_digit(serial)}"
        for at, right in enumerate(digits):
            for wrong in set("0123456789") - {right}:
                assert is_refused(f"{digits[:at]}{wrong}{digits[at + 1 :]}"), (digits, at, wrong)


def test_every_swap_of_neighbours_is_seen_but_of_two_that_differ_by_five() -> None:
    for serial in SERIALS:
        digits = f"{serial:05}{check_digit(serial)}"
        for at, (left, right) in enumerate(pairwise(digits)):
            if left != right:
                swapped = f"{digits[:at]}{right}{left}{digits[at + 2 :]}"
                assert is_refused(swapped) == (abs(int(left) - int(right)) != 5), (digits, swapped)


def is_refused(typed: str) -> bool:
    try:
        read(typed)
    except BadNumber:
        return True
    return False


@pytest.mark.parametrize(
    "typed",
    [
        "MNG-00127-4", "mng-00127-4", "Mng 00127 4", "MNG001274", "001274", "00127-4", "127-4", "1274", "  MNG-00127-4\t", "MNG - 00127 - 4",
        "MNG\u201100127\u20114", "MNG–00127–4", "MNG\u00a000127\u00a04", " " * 400 + "1274",
    ],
)  # fmt: skip
def test_ways_to_type_it(typed: str) -> None:
    assert read(typed) == 127


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "-", "4", "MNG", "MNG-", "MNG--4", "MNG-0012A-4", "MNG-00127-4-4", "XMNG-00127-4", "MNG-٠٠١٢٧-٤", "MNG-００１２７-４", "MNG-00127-４",
        "MNG-D-0041", "1" * 400, "MNG-00127-4" + "x" * 400, "MNG-00127-4" + " " * 40 + "x", "MNG" + "-" * 400 + "1274", "\0", "MNG-00127\0-4", "-1274",
        "+1274", "1274.0", "1e3",
    ],
)  # fmt: skip
def test_what_is_no_number_is_told_how_one_looks(typed: str) -> None:
    with pytest.raises(BadNumber, match="looks like this: MNG-00127-4"):
        read(typed)


def test_a_digit_that_does_not_fit_is_told_of() -> None:
    with pytest.raises(BadNumber, match="The last digit does not fit") as caught:
        read("MNG-00127-5")
    assert (caught.value.status, caught.value.code) == (400, "bad_number")


def test_its_width() -> None:
    assert [written(serial)[:-2] for serial in (1, 99_999, 100_000)] == ["MNG-00001", "MNG-99999", "MNG-100000"]


# ---- of donations ----


@pytest.mark.parametrize(
    ("typed", "pk"), [("MNG-D-0041", 41), (" mng-d-0041 ", 41), ("MNG-D-12345", 12345), ("mng d 41", 41)]
)
def test_the_number_of_a_donation(typed: str, pk: int) -> None:
    assert donation_numbers.read(typed) == pk
    assert donation_numbers.read(donation_numbers.written(pk)) == pk


@pytest.mark.parametrize(
    "typed", ["", "41", "D-0041", "MNG-41", "MNG-D-", "MNG-D-٠٠٤١", "MNG-D-" + "1" * 400, "MNG-00127-4", "\0"]
)
def test_what_is_no_number_of_a_donation(typed: str) -> None:
    assert donation_numbers.read(typed) is None
