"""Charts: the numbers of the drawing, of its table and of the rows are the same."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils.formats import date_format

from portal.dashboard.charts import charts
from portal.models import DayCount
from portal.presenters.chart_drawing import Chart, nice_top

TODAY = date(2026, 11, 26)
DAY = timedelta(days=1)
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def row(ago: int = 0, **facts: Any) -> DayCount:
    return DayCount(day=TODAY - ago * DAY, counted_at=NOON, **facts)


def drawn(*rows: DayCount, days: int = 30) -> dict[str, Chart]:
    return {chart.name: chart for chart in charts(rows, days, TODAY)}


def heights(path: str) -> list[float]:
    """Return how high each bar of a path is, in percent of the drawing."""
    found = re.findall(r"M[\d.]+ ([\d.]+)h[\d.]+V([\d.]+)", path)
    return [round(float(foot) - float(top), 1) for top, foot in found]


def test_bars_stand_on_each_other() -> None:
    chart = drawn(row(1, launches=10, launches_failed=4), row(0, launches=5))["launches"]
    assert chart.top == 10
    assert {css: heights(path) for css, path in chart.paths} == {"c-on": [60, 50], "c-trouble": [40]}


def test_states_are_grouped_by_the_colour_of_their_cards() -> None:
    states = {
        "running": 3,
        "suspended": 2,
        "shelved": 1,
        "archived": 1,
        "waking": 1,
        "failed": 1,
        "of a version to come": 7,
    }
    rows = [row(n, states=states, states_at=NOON) for n in (1, 0)]
    assert {each.css: each.values[-1] for each in drawn(*rows)["states"].series} == {
        "c-on": 3, "c-asleep": 2, "c-away": 2, "c-busy": 1, "c-trouble": 1,
    }  # fmt: skip


def test_a_colour_that_never_occurs_is_not_named() -> None:
    rows = [row(n, states={"running": 1}, states_at=NOON) for n in (1, 0)]
    assert [each.css for each in drawn(*rows)["states"].series] == ["c-on", "c-asleep"]


def test_room_is_a_share_of_what_there_was() -> None:
    chart = drawn(row(1, vcpus=8, vcpus_used=2, ram_mb=100, ram_mb_used=50), row(0, vcpus=8, vcpus_used=4))["room"]
    assert [each.values[-2:] for each in chart.series] == [(25, 50), (50, None)]
    assert chart.rows[0] == (date_format(TODAY, "DATE_FORMAT"), ["50\u00a0%", "–"])


def test_a_line_begins_anew_after_a_day_that_is_not_known() -> None:
    rows = [row(n, vcpus=8, vcpus_used=4) for n in (4, 3, 1, 0)]
    [path] = [path for css, path in drawn(*rows)["room"].paths if css == "l1"]
    assert (path.count("M"), path.count("L")) == (2, 2)


@pytest.mark.parametrize("days", [30, 90])
def test_all_days_are_there_and_six_are_named(days: int) -> None:
    chart = drawn(row(1, launches=1), row(0, launches=1), days=days)["launches"]
    assert (len(chart.places), len(chart.rows), len(chart.labels)) == (days, days, 6)
    assert chart.rows[0][0] == chart.places[-1].name == date_format(TODAY, "DATE_FORMAT")


@pytest.mark.parametrize("rows", [[], [row()], [row(1), row(0)]])
def test_too_few_days_are_no_chart(rows: list[DayCount]) -> None:
    assert all(chart.is_empty for chart in drawn(*rows).values())


@pytest.mark.parametrize(
    ("most", "top"), [(0, 2), (2, 2), (3, 4), (5, 6), (7, 10), (10, 10), (11, 20), (130, 200), (9999, 10000)]
)
def test_the_top_is_round_and_half_of_it_is_whole(most: int, top: int) -> None:
    assert nice_top(most) == top
    assert top % 2 == 0
