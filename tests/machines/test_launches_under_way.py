"""Launches under way: what can wait asks the cloud less: sampling of load."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

import machines.tasks
import portal.tasks
from accounts.models import User
from cloud.contract import Diagnostics
from machines.idle import signals
from machines.launches_under_way import must_wait
from machines.models import Activity, Machine
from tests.cloud.fake import FakeCloud
from tests.factories import make_machine
from tests.machines.idle.quiet import row

if TYPE_CHECKING:
    from tests.machines.world import Clock


class Hosts(FakeCloud):
    """Tells the same of every guest."""

    def diagnostics(self, server_ids: Sequence[str]) -> dict[str, Diagnostics]:
        with self._call("diagnostics", *server_ids):
            return dict.fromkeys(server_ids, Diagnostics(cpu_seconds=1.0))


@pytest.fixture
def running(clock: "Clock", student: User, settings: Any) -> Machine:
    """A running machine that is due for a sample of its load."""
    machine = row(student, clock.now)
    clock.move(settings.IDLE_LOAD_SECONDS + 10)
    return machine


def launch(student: User, clock: "Clock", **facts: Any) -> None:
    make_machine(student, name="new", **{"state": "building", "state_since": clock.now, **facts})


def sampled(clock: "Clock") -> int:
    """Take a turn of sampling; how many guests were asked."""
    hosts = Hosts()
    signals.sample(hosts, clock.now)
    return sum(len(call) - 1 for call in hosts.calls)


def test_without_a_launch_a_guest_is_asked(clock: "Clock", running: Machine) -> None:
    assert sampled(clock) == 1


@pytest.mark.parametrize("state", ["new", "queued", "building"])
def test_a_guest_is_asked_later_while_one_is_launched(clock: "Clock", running: Machine, state: str) -> None:
    launch(running.owner, clock, state=state)
    assert sampled(clock) == 0


def test_so_is_one_that_has_just_come_up(clock: "Clock", running: Machine) -> None:
    launch(running.owner, clock)
    Activity.objects.update(since=clock.now, load_heard_at=None)
    assert sampled(clock) == 0


@pytest.mark.parametrize("facts", [{"state_since": -timedelta(hours=1)}, {"held_at": timedelta()}], ids=str)
def test_a_launch_that_stands_still_makes_nobody_wait(
    clock: "Clock", running: Machine, facts: dict[str, timedelta]
) -> None:
    launch(running.owner, clock, **{name: clock.now + past for name, past in facts.items()})
    assert sampled(clock) == 1


def test_launches_that_never_end_make_no_load_unknown(clock: "Clock", running: Machine, settings: Any) -> None:
    launch(running.owner, clock)
    heard = {Activity.objects.get().load_heard_at}
    for _turn in range(30):
        clock.move(settings.IDLE_SAMPLE_SECONDS)
        Machine.objects.filter(name="new").update(state_since=clock.now)
        sampled(clock)
        heard.add(Activity.objects.get().load_heard_at)
    late = timedelta(seconds=2.5 * settings.IDLE_LOAD_SECONDS)
    assert len(heard) > 3
    assert all(after - before < late for before, after in pairwise(sorted(heard)))  # type: ignore[type-var]


def test_work_waits_for_launches_and_comes_again_behind_them(clock: "Clock", student: User) -> None:
    assert not must_wait("work", clock.now)
    launch(student, clock)
    assert must_wait("work", clock.now)
    Machine.objects.update(state="running")
    assert not must_wait("work", clock.now)


def test_a_day_of_launches_starves_no_work(clock: "Clock", student: User) -> None:
    launch(student, clock)
    turns = []
    for _minute in range(13):
        Machine.objects.update(state_since=clock.now)
        turns.append(not must_wait("work", clock.now))
        clock.move(60)
    assert [minute for minute, is_done in enumerate(turns) if is_done] == [5, 10]


def test_computers_and_tenants_wait(db: None, student: User, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("machines.cloud_identity.opened", FakeCloud)
    monkeypatch.setattr("nodes.hypervisors.looks.look", lambda *_facts: asked.append("computers"))
    monkeypatch.setattr("machines.reconcile.tenants.tidy", lambda *_facts: asked.append("tenants"))
    make_machine(student, name="new", state="building", state_since=timezone.now())
    for _turn in range(2):
        portal.tasks.watch_nodes()
        machines.tasks.tidy_tenants()
    assert asked == []
    Machine.objects.update(state="running")
    portal.tasks.watch_nodes()
    machines.tasks.tidy_tenants()
    assert asked == ["computers", "tenants"]
