"""/metrics: what Prometheus reads, and what it costs."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from machines import host_keys
from machines.models import CloudWatch, Event, Machine, Stray
from portal.live import numbers as live_numbers
from portal.live.hub import Hub
from portal.ops import metrics
from tests.factories import make_gateway, make_machine
from tunnels.models import Tunnel

if TYPE_CHECKING:
    from accounts.models import User

Read = Callable[..., float]


def ago(seconds: float) -> Any:
    return timezone.now() - timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def numbers(monkeypatch: pytest.MonkeyPatch) -> metrics.Metrics:
    """The collector as of a process that has just started."""
    monkeypatch.setattr(metrics, "METRICS", metrics.Metrics())
    return metrics.METRICS


@pytest.fixture
def read(db: None) -> Read:
    """Read a number as a scrape does."""

    def value(name: str, **labels: str) -> float:
        text = metrics.rendered("text/plain")[0].decode()
        samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
        return next(s.value for s in samples if (s.name, s.labels) == (name, labels))

    return value


def launched(owner: "User", seconds: float, *, ready: float = 0, **facts: Any) -> Machine:
    """A machine that took so long, and was ready so many seconds ago."""
    machine = make_machine(owner)
    at = ago(ready)
    facts = {"created_at": at - timedelta(seconds=seconds), "build_started_at": at, "ready_at": at, **facts}
    Machine.objects.filter(pk=machine.pk).update(**facts)
    machine.refresh_from_db()
    return machine


def left(machine: Machine, state: str, after: float) -> None:
    """Let it have left `state` so many seconds after it was made."""
    Event.objects.create(
        machine=machine, kind="moved", from_state=state, to_state="x", at=machine.created_at + timedelta(seconds=after)
    )


def test_machines_by_state(read: Read, student: "User") -> None:
    for state in ("running", "running", "suspended", "gone"):
        make_machine(student, state=state)
    assert [read("minga_machines", state=s) for s in ("running", "suspended", "failed")] == [2, 1, 0]
    with pytest.raises(StopIteration):
        read("minga_machines", state="gone")


def test_launches_are_counted_by_how_long_they_took(read: Read, student: "User") -> None:
    for seconds in (4, 12, 12, 5000):
        launched(student, seconds)
    buckets = [read("minga_launch_seconds_bucket", le=le) for le in ("5.0", "10.0", "15.0", "3600.0", "+Inf")]
    assert buckets == [1, 1, 3, 3, 4]
    assert (read("minga_launch_seconds_count"), round(read("minga_launch_seconds_sum"))) == (4, 5028)


def test_an_adopted_machine_was_never_launched(read: Read, student: "User") -> None:
    launched(student, 0, build_started_at=None)
    assert read("minga_launch_seconds_count") == 0


def test_what_was_counted_stays_counted(read: Read, student: "User") -> None:
    first, second = launched(student, 12), launched(student, 30)
    before = read("minga_launch_seconds_count"), read("minga_launch_seconds_sum")
    Machine.objects.filter(pk=first.pk).update(state="gone", gone_at=timezone.now())
    Machine.objects.filter(pk=second.pk).update(resets_asked=1, state="building")
    assert (read("minga_launch_seconds_count"), read("minga_launch_seconds_sum")) == before


def test_old_and_new_rows_are_each_counted_once(read: Read, student: "User") -> None:
    for ready in (3600, 310, 290, 1):
        launched(student, 12, ready=ready)
    counts = [read("minga_launch_seconds_count")]
    launched(student, 12)
    counts.append(read("minga_launch_seconds_count"))
    assert counts == [4, 5]


def test_every_process_says_the_same(student: "User") -> None:
    """A process that was started early and read often, and one that was started now, agree."""
    early, machine = metrics.Metrics(), launched(student, 20, ready=3600)
    for number in range(30):
        left(machine, "new", number * 61.123457)
        early.stays.read(machine.created_at + timedelta(seconds=number * 61.123457 + 1))
    now = timezone.now()
    assert early.stays.read(now) == metrics.Metrics().stays.read(now)
    assert early.stays.read(now)["new"][0] == 30


def test_a_stay_lasts_from_one_move_to_the_next(read: Read, student: "User") -> None:
    machine = launched(student, 100, ready=1000)
    for state, after in (("new", 1), ("building", 41), ("running", 100), ("building", 120)):
        left(machine, state, after)
    told = {
        s: (read("minga_state_seconds_count", state=s), read("minga_state_seconds_sum", state=s))
        for s in ("new", "building", "running")
    }
    assert told == {"new": (1, 1), "building": (2, 60), "running": (1, 59)}


def test_a_wish_is_no_move(read: Read, student: "User") -> None:
    make_machine(student)
    assert read("minga_state_seconds_count", state="new") == 0


def test_the_queue(read: Read, student: "User") -> None:
    make_machine(student, state="queued", queued_at=ago(90))
    make_machine(student, state="queued", queued_at=ago(30))
    make_machine(student, state="queued", queued_at=ago(900), wanted="gone")
    assert read("minga_queue_machines") == 2
    assert 89 < read("minga_queue_longest_wait_seconds") < 99


def test_steps_that_nobody_takes(read: Read, student: "User") -> None:
    make_machine(student, state="building", retry_at=ago(60))
    make_machine(student, state="building", retry_at=ago(-60))
    make_machine(student, state="running")
    assert (read("minga_unsettled_machines"), read("minga_steps_due")) == (2, 1)
    assert 59 < read("minga_steps_overdue_seconds") < 69


def test_a_launch_that_nobody_begins_is_overdue(read: Read, student: "User") -> None:
    make_machine(student, state="new", state_since=ago(45))
    assert 44 < read("minga_steps_overdue_seconds") < 54


def test_the_sweep(read: Read) -> None:
    room = {"vcpus": 64, "vcpus_used": 3, "biggest_free": {}}
    CloudWatch.objects.create(pk=1, listed_at=ago(7), steady_since=ago(70), took_seconds=0.25, room=room)
    assert (read("minga_sweep_took_seconds"), read("minga_cloud_up")) == (0.25, 1)
    assert 6 < read("minga_sweep_age_seconds") < 16
    assert (read("minga_room", measure="vcpus"), read("minga_room_used", measure="vcpus")) == (64, 3)


def test_a_cloud_that_was_never_listed_has_no_age(read: Read) -> None:
    assert read("minga_cloud_up") == 0
    with pytest.raises(StopIteration):
        read("minga_sweep_age_seconds")


def test_tunnels(read: Read, student: "User") -> None:
    machine = make_machine(student)
    Tunnel.objects.filter(holder=machine.pk).update(bytes_in=5, bytes_out=7, connections=2)
    assert read("minga_tunnels", gateway="vps", state="open") == 2
    assert read("minga_tunnel_connections", gateway="vps") == 4
    assert [read("minga_tunnel_bytes_total", gateway="vps", direction=d) for d in ("in", "out")] == [10, 14]


def test_bytes_of_a_port_that_was_given_back_stay_counted(read: Read, student: "User") -> None:
    machine = make_machine(student)
    Tunnel.objects.filter(holder=machine.pk).update(bytes_in=5, connections=2, wanted="gone", state="gone")
    assert read("minga_tunnel_bytes_total", gateway="vps", direction="in") == 10
    assert read("minga_tunnel_connections", gateway="vps") == 0


def test_gateways(read: Read) -> None:
    make_gateway(heard_at=ago(100))
    assert read("minga_gateway_up", gateway="vps") == 0
    assert 99 < read("minga_gateway_silent_seconds", gateway="vps") < 109


@pytest.mark.parametrize(
    ("error", "ago_seconds", "state"),
    [("", 1, "up"), ("denied", 1, "denied"), (None, 1, "unknown"), ("", 300, "unknown")],
)
def test_the_connection_of_a_gateway_is_in_one_state(
    read: Read, error: str | None, ago_seconds: float, state: str
) -> None:
    make_gateway(heard_at=ago(ago_seconds), link_error=error)
    states = ("up", "unknown_name", "unreachable", "host_key", "denied", "other", "unknown")
    assert {s for s in states if read("minga_gateway_link", gateway="vps", state=s)} == {state}


def test_what_an_agent_survived(read: Read) -> None:
    make_gateway(faults=3, turned_away=4, links_lost=5)
    names = ("minga_agent_faults_total", "minga_agent_turned_away_total", "minga_gateway_links_lost_total")
    assert [read(name, gateway="vps") for name in names] == [3, 4, 5]


def test_strays_and_quotas(read: Read, student: "User") -> None:
    make_machine(student)
    Stray.objects.create(server_id="1", kind="lost")
    Stray.objects.create(server_id="2", kind="lost", gone_at=timezone.now())
    assert [read("minga_strays", kind=kind) for kind in ("lost", "second")] == [1, 0]
    assert [read("minga_quota_used", measure=m) for m in ("machines", "ram_mb")] == [1, 256]


# ---- what it costs ----


def queries() -> int:
    with CaptureQueriesContext(connection) as captured:
        metrics.rendered("text/plain")
    return len(captured)


def test_machines_that_show_another_host_key_are_counted(student: "User", read: Read) -> None:
    disk = host_keys.disk_of(make_machine(student))
    host_keys.given(disk, 0)
    assert read("minga_host_keys_refused") == 0
    host_keys.refuse(disk, host_keys.public_line(disk.machine, 1))
    assert read("minga_host_keys_refused") == 1


def test_it_asks_no_more_for_more_machines(student: "User") -> None:
    make_machine(student)
    before = queries()
    for _ in range(5):
        launched(student, 12)
    assert queries() == before <= 16


def test_no_label_is_a_person_or_a_machine(student: "User") -> None:
    machine = launched(student, 12)
    text = metrics.rendered("text/plain")[0].decode()
    assert not [
        word for word in (student.username, machine.name, str(machine.pk), machine.template.slug) if f'"{word}"' in text
    ]


def test_the_page_for_administrators_names_every_number(student: "User") -> None:
    make_machine(student)
    CloudWatch.objects.update(listed_at=timezone.now(), room={"vcpus": 4, "vcpus_used": 1})
    page = (Path(__file__).resolve().parents[2] / "docs" / "admin" / "observability.md").read_text()
    listed = {name.removesuffix("_total") for name in re.findall(r"^\| `(minga_\w+)", page, flags=re.M)}
    # First web's, then live's.
    texts = [
        metrics.rendered("text/plain")[0].decode(),
        live_numbers.rendered(Hub(), live_numbers.Carried(), "text/plain")[0].decode(),
    ]
    assert listed == {family.name for text in texts for family in text_string_to_metric_families(text)}


def test_another_form_is_spoken_too(client: Client, db: None) -> None:
    reply = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert reply["Content-Type"].startswith("application/openmetrics-text")
    assert reply.content.endswith(b"# EOF\n")
