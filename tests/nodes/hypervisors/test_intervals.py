"""Times as intervals, against a picture of them minute by minute."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from nodes.hypervisors.intervals import Interval, bounds_of, months_of, seconds, union, within, without
from tests.nodes.hypervisors.seen import at

SPAIN = ZoneInfo("Europe/Madrid")


def some(dice: random.Random) -> list[Interval]:
    lows = [dice.randrange(60) for _ in range(dice.randrange(8))]
    return [(at(low), at(low + dice.randrange(15))) for low in lows]


def minutes(intervals: list[Interval]) -> set[int]:
    """The picture: the minutes that they cover."""
    return {n for n in range(80) if any(low <= at(n) and at(n + 1) <= high for low, high in intervals)}


@pytest.mark.parametrize("seed", range(50))
def test_the_union_covers_the_same_in_any_order_and_nothing_twice(seed: int) -> None:
    dice = random.Random(seed)
    intervals = some(dice)
    whole = union(intervals)
    dice.shuffle(intervals)
    assert union(intervals + whole) == whole
    assert seconds(intervals) == 60 * len(minutes(intervals)) == 60 * len(minutes(whole))


@pytest.mark.parametrize("seed", range(50))
def test_within_and_without_are_the_two_parts_of_it(seed: int) -> None:
    dice = random.Random(seed)
    one, other = some(dice), some(dice)
    assert minutes(within(one, other)) == minutes(one) & minutes(other)
    assert minutes(without(one, other)) == minutes(one) - minutes(other)
    assert seconds(within(one, other)) + seconds(without(one, other)) == seconds(one)


def test_a_month_in_which_clocks_are_changed_is_an_hour_shorter() -> None:
    march, april = bounds_of(date(2026, 3, 1), SPAIN), bounds_of(date(2026, 4, 1), SPAIN)
    assert (seconds([march]), seconds([april])) == ((31 * 24 - 1) * 3600, 30 * 24 * 3600)
    assert march[1] == april[0]


def test_months_are_those_of_the_zone() -> None:
    midnight = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)  # in Spain it is March already
    assert months_of((midnight, midnight + timedelta(days=40)), SPAIN) == [date(2026, 3, 1), date(2026, 4, 1)]
