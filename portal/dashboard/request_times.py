"""Durations of today's requests, as the difference between all requests so far and those until yesterday."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from portal.dashboard.day_counts import total_requests
from portal.models import DayCount
from portal.ops import latency


@dataclass(frozen=True, slots=True)
class RequestTimes:
    """Times in milliseconds within which a share of the requests were answered."""

    count: int
    half_ms: int
    most_ms: int  # 19 of 20


def request_times(rows: Sequence[DayCount], today: date) -> RequestTimes | None:
    """Return the times of today's requests; of all so far where yesterday's are not known. None without any request."""
    latency.PROCESS.hand_in()
    total = total_requests()
    before = [row.requests for row in rows if row.day < today and row.requests]
    counts = _since(total, before[-1] if before else [])
    if not sum(counts):
        return None
    return RequestTimes(sum(counts), round(1000 * quantile(counts, 0.5)), round(1000 * quantile(counts, 0.95)))


def _since(total: Sequence[int], before: Sequence[int]) -> Sequence[int]:
    if len(before) != len(total):
        return total
    counts = [now - then for now, then in zip(total, before, strict=True)]
    return total if min(counts, default=0) < 0 else counts  # totals fall after a restore


def quantile(counts: Sequence[int], share: float) -> float:
    """Return the seconds within which this share of the requests were answered, evenly spread within a bucket."""
    limits = (0.0, *latency.BUCKETS, latency.BUCKETS[-1])  # nobody knows how long the slowest took
    rank, so_far = share * sum(counts), 0
    for place, count in enumerate(counts):
        if count and so_far + count >= rank:
            return limits[place] + (limits[place + 1] - limits[place]) * (rank - so_far) / count
        so_far += count
    return limits[-1]
