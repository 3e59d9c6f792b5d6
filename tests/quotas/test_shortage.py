"""Shortages of a quota: said once for a page, with numbers and with ways out that this person has."""

import pytest

from lib.measures import Size
from quotas.actions import Gauge, Usage
from quotas.shortage import briefly, shortage

SMALL, BIG = Size(machines=1, vcpus=1, ram_mb=512, ports=2), Size(machines=1, vcpus=4, ram_mb=8_192, ports=2)


def has(**gauges: tuple[int, int]) -> Usage:
    plenty = dict.fromkeys(("machines", "vcpus", "ram_mb", "disk_gb", "ports", "archives", "archive_gb"), (1, 99_999))
    return Usage(**{measure: Gauge(*gauge) for measure, gauge in {**plenty, **gauges}.items()})


def test_nothing_is_said_where_all_fits() -> None:
    assert (shortage(has(), [SMALL, BIG]), briefly(has(), BIG)) == (None, None)


def test_each_measure_that_lacks_is_said_once() -> None:
    lacking = shortage(has(machines=(2, 2), vcpus=(1, 4)), [SMALL, BIG, SMALL])
    assert lacking
    assert [str(fact) for fact in lacking.facts] == [
        "You have 2 of your 2 machines.", "Free processors: 3 of your 4.",
    ]  # fmt: skip


def test_a_card_says_its_own_in_a_few_words() -> None:
    assert str(briefly(has(vcpus=(1, 4)), BIG)) == "Processors: 4 needed, 3 free in your quota."


@pytest.mark.parametrize(
    ("gauges", "ways"),
    [
        ({"machines": (2, 2)}, ["Delete", "Archive", "Ask"]),
        ({"machines": (2, 2), "archives": (1, 1)}, ["Delete", "Ask"]),
        ({"machines": (0, 0)}, ["Ask"]),
        ({"ports": (5, 6)}, ["Close", "Ask"]),
        ({"archives": (3, 2)}, ["Ask"]),
    ],
)
def test_a_way_out_is_one_that_this_person_has(gauges: dict[str, tuple[int, int]], ways: list[str]) -> None:
    lacking = shortage(has(**gauges), [SMALL])
    assert lacking
    assert [str(way).split()[0] for way in lacking.ways_out] == ways
