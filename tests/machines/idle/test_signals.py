"""Words of agents and hosts, folded into the rows of machines that run."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from cloud.contract import CloudBusy, Diagnostics
from courses.models import Template
from machines.idle import signals
from machines.models import Activity, Machine
from tests.cloud.fake import FakeCloud
from tests.machines.idle.quiet import row
from tunnels.models import Gateway, Tunnel

if TYPE_CHECKING:
    from tests.machines.world import Clock

MINUTE = timedelta(minutes=1)


class Hosts(FakeCloud):
    """Tells of every guest what a test put there; None: its host does not answer."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, Diagnostics | None] = {}

    def diagnostics(self, server_ids: Sequence[str]) -> dict[str, Diagnostics]:
        with self._call("diagnostics", *server_ids):
            return {key: told for key in server_ids if (told := self.told.get(key, Diagnostics(cpu_seconds=1.0)))}


@pytest.fixture
def machine(clock: "Clock", student: User) -> Machine:
    return row(student, clock.now)


def agent(machine: Machine, now: datetime, *, passed: int = 0, connections: int = 0) -> None:
    """Write what the agent told a moment ago; the bytes are those since the beginning."""
    Gateway.objects.update(heard_at=now)
    first = Tunnel.objects.filter(holder=machine.pk).order_by("position")[:1].values("pk")
    Tunnel.objects.filter(pk__in=first).update(
        bytes_in=passed, bytes_used=passed, connections=connections, last_byte_at=now if passed else None
    )


def after(machine: Machine, clock: "Clock", seconds: float, **told: Any) -> Activity:
    clock.move(seconds)
    agent(machine, clock.now, **told)
    signals.gather(clock.now)
    return Activity.objects.get(machine=machine)


def test_a_machine_that_runs_gets_a_row_since_when_it_runs(clock: "Clock", machine: Machine) -> None:
    Activity.objects.all().delete()
    signals.gather(clock.now)
    assert Activity.objects.get().since == machine.state_since


def test_one_that_sleeps_gets_none(clock: "Clock", student: User) -> None:
    row(student, clock.now, state="suspended")
    signals.gather(clock.now)
    assert not Activity.objects.exists()


def test_it_begins_anew_when_it_starts_to_run_again(clock: "Clock", machine: Machine) -> None:
    Machine.objects.update(state_since=clock.now)
    signals.gather(clock.now)
    known = Activity.objects.get()
    assert (known.since, known.load_heard_at) == (Machine.objects.get().state_since, None)


def test_more_bytes_than_keep_alives_are_work(clock: "Clock", machine: Machine) -> None:
    assert after(machine, clock, 60, passed=5000).ports_at is not None


def test_keep_alives_are_not(clock: "Clock", machine: Machine) -> None:
    known = after(machine, clock, 60, passed=900)
    assert (known.ports_at, known.ports_bytes) == (None, 900)


def test_two_keep_alives_that_fall_together_are_not(clock: "Clock", machine: Machine) -> None:
    assert after(machine, clock, 5, passed=400).ports_at is None


def test_work_in_a_short_time_is_seen_at_once(clock: "Clock", machine: Machine) -> None:
    assert after(machine, clock, 5, passed=1500).ports_at is not None


def test_slow_but_steady_work_is_seen_though_each_look_sees_little(clock: "Clock", machine: Machine) -> None:
    assert after(machine, clock, 30, passed=700).ports_at is None
    assert after(machine, clock, 31, passed=1400).ports_at is not None


def test_bytes_are_compared_with_the_templates_own_policy(clock: "Clock", machine: Machine) -> None:
    Template.objects.update(idle={"port_bytes_per_minute": 10_000})
    assert after(machine, clock, 60, passed=5000).ports_at is None


def test_an_open_connection_is_counted_and_is_no_work(clock: "Clock", machine: Machine) -> None:
    known = after(machine, clock, 30, connections=1)
    assert (known.connections, known.ports_at) == (1, None)
    assert clock.now - (known.connected_at or known.since) < MINUTE


def test_a_port_that_leads_nowhere_holds_no_connection(clock: "Clock", machine: Machine) -> None:
    """The server was taken off the network while somebody was connected: that keeps no machine awake."""
    after(machine, clock, 30, connections=1)
    Tunnel.objects.update(target_host="")
    known = after(machine, clock, 60, connections=1)
    assert (known.connections, known.ports_heard_at) == (0, clock.now)


def test_an_agent_that_is_away_is_no_news(clock: "Clock", machine: Machine) -> None:
    heard_at = Activity.objects.get().ports_heard_at
    clock.move(120)
    signals.gather(clock.now)
    assert Activity.objects.get().ports_heard_at == heard_at


def test_a_port_that_was_given_back_takes_its_bytes_along(clock: "Clock", machine: Machine) -> None:
    after(machine, clock, 60, passed=900)
    assert after(machine, clock, 60, passed=100).ports_at is None


def test_a_machine_without_ports_is_heard(clock: "Clock", machine: Machine) -> None:
    Tunnel.objects.all().delete()
    clock.move(60)
    signals.gather(clock.now)
    assert Activity.objects.get().ports_heard_at == pytest.approx(clock.now, abs=MINUTE)


def test_use_is_noted_now_and_then(clock: "Clock", machine: Machine) -> None:
    after(machine, clock, 60, passed=5000)
    assert clock.now - Machine.objects.get().used_at < MINUTE


def test_a_gather_costs_the_same_queries_for_any_number(clock: "Clock", student: User) -> None:
    counts = []
    for total in (1, 7):
        for number in range(total):
            row(student, clock.now, name=f"m{total}-{number}")
        clock.move(61)
        Gateway.objects.update(heard_at=clock.now)
        with CaptureQueriesContext(connection) as queries:
            signals.gather(clock.now)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 11  # the table of what fails, and a savepoint for the one write of all rows


# ---- load ----


def asked(hosts: Hosts, clock: "Clock", seconds: float, told: Diagnostics | None) -> Activity:
    clock.move(seconds)
    hosts.told = {Machine.objects.get().server_id: told}
    signals.sample(hosts, clock.now)
    return Activity.objects.get()


def test_load_is_what_passed_in_each_second(clock: "Clock", machine: Machine) -> None:
    known = asked(Hosts(), clock, 200, Diagnostics(cpu_seconds=21.0, disk_read_bytes=1, nic_rx_bytes=2_000_001))
    assert (round(known.cpu_percent or 0), known.disk_rate, round(known.nic_rate or 0, -3)) == (10, 0.0, 10_000)


def test_load_above_the_thresholds_is_work(clock: "Clock", machine: Machine) -> None:
    known = asked(Hosts(), clock, 200, Diagnostics(cpu_seconds=21.0, disk_read_bytes=1, nic_rx_bytes=2_000_001))
    assert (known.cpu_at is None, known.disk_at is None, known.nic_at is None) == (False, True, False)


def test_load_is_of_all_processors_together(clock: "Clock", machine: Machine) -> None:
    type(machine.template.flavor).objects.update(vcpus=4)
    known = asked(Hosts(), clock, 200, Diagnostics(cpu_seconds=21.0))
    assert (round(known.cpu_percent or 0, 1), known.cpu_at) == (2.5, None)


def test_the_first_word_is_a_beginning_and_no_measure(clock: "Clock", machine: Machine) -> None:
    Activity.objects.update(load_heard_at=None)
    known = asked(Hosts(), clock, 200, Diagnostics(cpu_seconds=900.0))
    assert (known.cpu_percent, known.cpu_seconds) == (None, 900.0)


def test_counters_that_begin_anew_with_the_guest_are_a_beginning(clock: "Clock", machine: Machine) -> None:
    Activity.objects.update(cpu_seconds=5000)
    known = asked(Hosts(), clock, 200, Diagnostics(cpu_seconds=3.0))
    assert (known.cpu_percent, known.cpu_at, known.cpu_seconds) == (None, None, 3.0)


def test_a_host_that_does_not_answer_is_no_news(clock: "Clock", machine: Machine) -> None:
    before = Activity.objects.get().load_heard_at
    assert asked(Hosts(), clock, 600, None).load_heard_at == before


def test_a_cloud_that_tells_nothing_is_no_news(clock: "Clock", machine: Machine) -> None:
    before = Activity.objects.get().load_heard_at
    assert asked(Hosts(), clock, 600, Diagnostics()).load_heard_at == before


def test_a_cloud_that_is_away_is_no_news(clock: "Clock", machine: Machine) -> None:
    hosts = Hosts()
    hosts.busy = True
    before = Activity.objects.get().load_heard_at
    assert asked(hosts, clock, 600, Diagnostics(cpu_seconds=9.0)).load_heard_at == before


def test_a_guest_is_asked_no_sooner_than_the_settings_say(clock: "Clock", machine: Machine, settings: Any) -> None:
    hosts = Hosts()
    asked(hosts, clock, settings.IDLE_LOAD_SECONDS - 10, Diagnostics(cpu_seconds=9.0))
    assert hosts.calls == []


def many(student: User, now: datetime, count: int) -> list[str]:
    """Make `count` running machines, each heard a second later than the one before it, the last two minutes ago."""
    servers = []
    for number in range(count):
        heard_at = now - timedelta(seconds=121 + count - number)
        servers.append(row(student, now, name=f"m{number}", load_heard_at=heard_at).server_id)
    return servers


def test_those_heard_longest_ago_go_first_and_not_all_at_once(clock: "Clock", student: User, settings: Any) -> None:
    settings.IDLE_SAMPLE_MOST = 3
    hosts, servers = Hosts(), many(student, clock.now, 5)
    signals.sample(hosts, clock.now)
    assert [list(call[1:]) for call in hosts.calls] == [servers[:3]]


class DeadHost(Hosts):
    """Hosts of which some are dead: a question for their guests takes long, and the clock moves on meanwhile."""

    def __init__(self, clock: "Clock", dead: set[str]) -> None:
        super().__init__()
        self.clock, self.dead = clock, dead
        self.told = dict.fromkeys(dead)

    def diagnostics(self, server_ids: Sequence[str]) -> dict[str, Diagnostics]:
        self.clock.move(5 * sum(key in self.dead for key in server_ids))
        return super().diagnostics(server_ids)


def test_a_turn_ends_when_its_time_is_over(clock: "Clock", student: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "AT_ONCE", 2)
    servers = many(student, clock.now, 8)
    hosts = DeadHost(clock, set(servers))
    signals.sample(hosts, clock.now)
    assert len(hosts.calls) == 2  # two guests at 5 s each, twice: the 15 s are over


def test_guests_that_have_been_silent_for_long_keep_nobody_waiting(
    clock: "Clock", student: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "FEW", 1)
    servers = many(student, clock.now, 4)
    Activity.objects.filter(machine__server_id__in=servers[:3]).update(load_heard_at=clock.now - timedelta(hours=1))
    signals.sample(DeadHost(clock, set(servers[:3])), clock.now)
    heard = Activity.objects.filter(load_heard_at__gte=clock.now - MINUTE).values_list("machine__server_id", flat=True)
    assert list(heard) == [servers[3]]


def test_one_that_has_started_anew_meanwhile_keeps_its_new_row(clock: "Clock", machine: Machine) -> None:
    class Slow(Hosts):
        def diagnostics(self, server_ids: Sequence[str]) -> dict[str, Diagnostics]:
            Activity.objects.update(since=timezone.now(), cpu_seconds=None)
            return super().diagnostics(server_ids)

    clock.move(600)
    signals.sample(Slow(), clock.now)
    assert Activity.objects.get().cpu_seconds is None


def test_a_cloud_that_breaks_off_half_way_keeps_what_was_told(
    clock: "Clock", student: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    class BreaksOff(Hosts):
        def diagnostics(self, server_ids: Sequence[str]) -> dict[str, Diagnostics]:
            if self.calls:
                raise CloudBusy("away")
            return super().diagnostics(server_ids)

    monkeypatch.setattr(signals, "AT_ONCE", 1)
    many(student, clock.now, 3)
    assert signals.sample(BreaksOff(), clock.now) == 1
