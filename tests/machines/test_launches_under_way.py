"""Launches under way: what can wait asks the cloud less: sampling of load."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from accounts.models import User
from cloud.contract import Diagnostics
from machines.idle import signals
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
