"""Measure what one look of the sweep costs, inside an installation's own settings: bench.openstack_sweep runs `main`."""

import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import requests
from django.utils import timezone

from cloud import open_cloud
from machines.models import CloudWatch, Machine
from machines.reconcile.sweep import list_servers

RUNS = 20
KINDS = {True: "the whole list", False: "the changes, where nothing has changed"}


@dataclass
class Meter:
    """The calls of the clients' own HTTP library, and how long each took until the last byte."""

    seconds: float = 0.0
    calls: Counter[str] = field(default_factory=Counter)

    def watch(self) -> None:
        send = requests.Session.send

        def noted(session: Any, request: Any, **more: Any) -> Any:
            began = time.perf_counter()
            try:
                return send(session, request, **more)
            finally:
                self.seconds += time.perf_counter() - began
                self.calls[f"{request.method} {request.path_url.partition('?')[0]}"] += 1

        requests.Session.send = noted  # type: ignore[method-assign]


@dataclass
class Look:
    wall: float
    http: float
    processor: float
    calls: Counter[str]


def main() -> None:
    meter = Meter()
    meter.watch()
    one_look(meter, whole=True)
    print(f"the first look of a new process, which signs in and finds the services: {meter.calls.total()} calls")
    one_look(meter, whole=False)
    looks: dict[bool, list[Look]] = {True: [], False: []}
    for _run in range(RUNS):  # in turn, so that a busy minute of this computer meets both
        for whole in (False, True):
            looks[whole].append(one_look(meter, whole=whole))
    for whole in (False, True):
        report(KINDS[whole], looks[whole])


def one_look(meter: Meter, *, whole: bool) -> Look:
    """Measure one list of the sweep, whole or of changes. Afterwards no other worker finds a list due for some seconds."""
    watch, now = CloudWatch.get_solo(), timezone.now()
    watch.cursor = "" if whole else watch.cursor
    watch.whole_at = now - timedelta(seconds=1)
    meter.seconds, meter.calls = 0.0, Counter()
    began, processor = time.perf_counter(), time.process_time()
    list_servers(open_cloud(), watch, now)
    return Look(time.perf_counter() - began, meter.seconds, time.process_time() - processor, meter.calls)


def report(kind: str, looks: list[Look]) -> None:
    own = [one.wall - one.http for one in looks]
    print(
        f"{kind}, median (most) of {len(looks)}, ms: altogether {_ms(one.wall for one in looks)}, waiting for HTTP "
        f"{_ms(one.http for one in looks)}, our own {_ms(own)}; processor time of the process, HTTP's share included, "
        f"{_ms(one.processor for one in looks)}"
    )
    asked = Counter(", ".join(f"{call} {count}" for call, count in sorted(one.calls.items())) for one in looks)
    for calls, times in asked.most_common():
        print(f"  {times} of {len(looks)} looks asked: {calls}")
    print(f"  machines alive {Machine.objects.alive().count()}, unsettled {Machine.objects.unsettled().count()}")


def _ms(times: Any) -> str:
    found = sorted(times)
    return f"{1000 * statistics.median(found):.1f} ({1000 * found[-1]:.1f})"
