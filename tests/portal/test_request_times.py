"""Durations of today's requests, by the totals."""

from datetime import date, timedelta

import pytest

from portal.dashboard.request_times import quantile, request_times
from portal.models import DayCount, RequestTotal
from portal.ops import latency

TODAY = date(2026, 11, 26)
SIZE = len(latency.BUCKETS) + 1


def counts(*filled: tuple[int, int]) -> list[int]:
    """Return buckets in which some have a number."""
    return [dict(filled).get(place, 0) for place in range(SIZE)]


@pytest.fixture(autouse=True)
def _nothing_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "PROCESS", latency.Latencies())


def total(route: str, status: str, *filled: tuple[int, int]) -> None:
    RequestTotal.objects.create(route=route, method="GET", status=status, counts=counts(*filled), seconds=1)


def yesterday(*filled: tuple[int, int]) -> DayCount:
    return DayCount(day=TODAY - timedelta(days=1), requests=counts(*filled))


def test_only_those_of_today_count(db: None) -> None:
    total("machines", "2xx", (3, 100), (6, 20))
    found = request_times([yesterday((3, 100))], TODAY)
    assert found is not None
    assert (found.count, found.half_ms) == (20, 375)  # the bucket from 250 to 500 ms


def test_the_agents_long_questions_and_files_do_not_count(db: None) -> None:
    for route in ("agent-wanted", "static", "none"):
        total(route, "2xx", (11, 5))
    total("machines", "5xx", (11, 5))
    assert request_times([], TODAY) is None


def test_totals_that_fell_after_a_restore_are_taken_as_they_are(db: None) -> None:
    total("machines", "2xx", (0, 10))
    found = request_times([yesterday((0, 50))], TODAY)
    assert found is not None
    assert found.count == 10


def test_what_this_process_has_counted_is_in(db: None) -> None:
    latency.PROCESS.note(("machines", "GET", "2xx"), 0.2)
    found = request_times([], TODAY)
    assert found is not None
    assert found.count == 1


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_within_a_bucket_they_are_spread_evenly(share: float) -> None:
    assert quantile(counts((3, 10), (4, 10)), 0.5) == pytest.approx(0.05)
    assert quantile(counts((4, 1)), share) == pytest.approx(0.05 + 0.05 * share)


def test_of_the_slowest_nobody_knows_how_long() -> None:
    assert quantile(counts((SIZE - 1, 1)), 0.5) == latency.BUCKETS[-1]
