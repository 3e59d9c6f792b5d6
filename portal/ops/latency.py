"""Latency of requests, by route, method and class of status.

Each web process counts in memory, and hands in what it has counted whenever it is asked for /metrics or /readyz. The totals are in
the database: so any process can report those of all, and none goes down when a process restarts. A process that ends loses
what it counted since it was asked last.
"""

from bisect import bisect_left
from collections.abc import Iterator
from threading import Lock

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest
from prometheus_client.core import HistogramMetricFamily as Histogram
from prometheus_client.core import Metric

from portal.models import RequestTotal

# Seconds. Rows in the database have a count for each: add none in the middle.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
Key = tuple[str, str, str]  # route, method, class of status
Count = tuple[list[int], float]  # one for each bucket and one for what took longer; seconds of all
_ADD = """
INSERT INTO portal_requesttotal AS t (route, method, status, counts, seconds) VALUES {rows}
ON CONFLICT (route, method, status) DO UPDATE SET seconds = t.seconds + excluded.seconds,
counts = ARRAY(SELECT a + b FROM unnest(t.counts, excluded.counts) WITH ORDINALITY AS u(a, b, place) ORDER BY place)
"""


class Latencies:
    """Counts of one process that it has not handed in yet."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[Key, Count] = {}

    def note(self, key: Key, seconds: float) -> None:
        counts = [0] * (len(BUCKETS) + 1)
        counts[bisect_left(BUCKETS, seconds)] = 1
        self._add({key: (counts, seconds)})

    def hand_in(self) -> None:
        """Add all to the totals; without a database keep it for the next time."""
        with self._lock:
            counted, self._counts = self._counts, {}
        try:
            _store(counted)
        except DatabaseError:
            self._add(counted)

    def _add(self, more: dict[Key, Count]) -> None:
        with self._lock:
            for key, (counts, seconds) in more.items():
                known = self._counts.get(key, ([0] * len(counts), 0.0))
                self._counts[key] = ([a + b for a, b in zip(known[0], counts, strict=True)], known[1] + seconds)


def _store(counted: dict[Key, Count]) -> None:
    """Add to the rows, in one order: two processes that do so at once wait for each other, and never in a circle."""
    if not counted:
        return
    statement = _ADD.format(rows=", ".join(["(%s, %s, %s, %s, %s)"] * len(counted)))
    with connection.cursor() as cursor:
        cursor.execute(statement, [value for key in sorted(counted) for value in (*key, *counted[key])])


PROCESS = Latencies()


def note(request: HttpRequest, status: int, seconds: float) -> None:
    """Count a request that was answered."""
    method = request.method if request.method in METHODS else "other"
    PROCESS.note((_route(request), str(method), f"{status // 100}xx"), seconds)


def _route(request: HttpRequest) -> str:
    """Return the name of the address, never the address: that may have an id in it."""
    if request.resolver_match is not None:
        return request.resolver_match.url_name or "unnamed"
    return "static" if request.path.startswith(settings.STATIC_URL) else "none"


def metrics() -> Iterator[Metric]:
    text = "From a request's arrival to the head of its answer, by the name of its address."
    family = Histogram("minga_request_seconds", text, labels=["route", "method", "status"])
    for row in RequestTotal.objects.order_by("route", "method", "status"):
        so_far, buckets = 0, []
        for limit, count in zip([*map(str, BUCKETS), "+Inf"], row.counts, strict=True):
            so_far += count
            buckets.append((limit, float(so_far)))
        family.add_metric([row.route, row.method, row.status], buckets, row.seconds)
    yield family
