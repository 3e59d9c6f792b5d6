"""The order of bells: slow steps let the rest pass."""

from typing import Any

import pytest

from cloud.contract import Status
from machines import actions
from machines.models import Machine
from machines.reconcile import sweep
from machines.reconcile.observe import observe
from machines.stepper import worker
from tests.machines.reconcile.listed_server import server_of
from tests.machines.world import World


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """(machine, is it slow), as they were rung."""
    bells: list[tuple[str, bool]] = []

    def ring(_task: str, pk: Any, *, slow: bool = False) -> None:
        bells.append((str(pk), slow))

    monkeypatch.setattr("lib.doorbell.ring", ring)
    return bells


def many(world: World, state: str, number: int = 20) -> list[str]:
    facts = {"owner": world.student, "template": world.template, "state": state, "wanted": "running"}
    return [str(m.pk) for m in Machine.objects.bulk_create(Machine(name=f"m{n}", **facts) for n in range(number))]


def test_what_only_takes_a_moment_is_rung_first(world: World, rung: list[tuple[str, bool]]) -> None:
    many(world, "new", 3)
    waking = many(world, "waking", 2)
    sweep.tick(world.cloud, world.clock.now)
    assert {pk for pk, _slow in rung[:2]} == set(waking)
    assert [slow for _pk, slow in rung] == [False, False, True, True, True]


def test_a_class_that_launches_does_not_fill_the_queue_with_bells(world: World, rung: list[tuple[str, bool]]) -> None:
    many(world, "new")
    sweep.tick(world.cloud, world.clock.now)
    assert len(rung) == sweep.MOST_LAUNCHES


def test_those_that_wait_for_room_do_not_starve_a_new_one(world: World, rung: list[tuple[str, bool]]) -> None:
    many(world, "queued")
    Machine.objects.update(retry_at=world.clock.now, queued_at=world.clock.now)
    [new] = many(world, "new", 1)
    sweep.tick(world.cloud, world.clock.now)
    assert (new, True) in rung


def test_nobody_is_rung_for_twice_before_a_worker_can_have_heard(world: World, rung: list[tuple[str, bool]]) -> None:
    [waking] = many(world, "waking", 1)
    for _tick in range(3):
        sweep.tick(world.cloud, world.clock.now)
    assert rung == [(waking, False)]


def test_a_bell_that_was_lost_is_rung_again(world: World, rung: list[tuple[str, bool]]) -> None:
    [waking] = many(world, "waking", 1)
    sweep.tick(world.cloud, world.clock.now)
    world.clock.move(sweep.BELL_PAUSE.total_seconds() + 1)
    sweep.tick(world.cloud, world.clock.now)
    assert rung == [(waking, False)] * 2


def test_a_launch_is_not_rung_for_again_while_it_waits_behind_others(
    world: World, rung: list[tuple[str, bool]]
) -> None:
    new, other = many(world, "new", 2)
    sweep.tick(world.cloud, world.clock.now)
    world.clock.move(sweep.BELL_PAUSE.total_seconds() + 1)
    Machine.objects.filter(pk=other).update(claimed_until=world.clock.now + sweep.QUEUE_PAUSE)
    sweep.tick(world.cloud, world.clock.now)
    assert [pk for pk, _slow in rung].count(new) == 1
    world.clock.move(sweep.QUEUE_PAUSE.total_seconds() - 1)
    sweep.tick(world.cloud, world.clock.now)
    assert [pk for pk, _slow in rung].count(new) == 2


def test_a_launch_sends_one_bell(world: World, rung: list[tuple[str, bool]]) -> None:
    machine = world.launch()
    rung.clear()
    sweep.tick(world.cloud, machine.enqueued_at)
    assert rung == []


def test_a_server_that_has_only_begun_is_not_looked_at_before_news(world: World) -> None:
    machine = world.launch()
    worker.step(machine.pk, world.cloud)
    machine.refresh_from_db()
    assert (machine.state, machine.cloud_status, machine.retry_at is None) == ("building", "building", False)


def test_a_wish_that_came_while_its_server_was_asked_for_is_not_slept_over(
    world: World, monkeypatch: pytest.MonkeyPatch, rung: list[tuple[str, bool]]
) -> None:
    machine = world.launch()
    ask = world.cloud.ensure_server

    def interrupted(spec: Any) -> Any:
        actions.delete(machine=Machine.objects.get(pk=machine.pk), by=world.student)
        return ask(spec)

    monkeypatch.setattr(world.cloud, "ensure_server", interrupted)
    worker.step(machine.pk, world.cloud)
    machine.refresh_from_db()
    assert (machine.state, machine.retry_at) == ("building", None)
    assert rung[-1] == (str(machine.pk), False)


def test_news_is_rung_for_at_once(world: World, rung: list[tuple[str, bool]]) -> None:
    [waking] = many(world, "waking", 1)
    sweep.tick(world.cloud, world.clock.now)
    machine, now = Machine.objects.get(pk=waking), world.clock.now
    sweep.apply_observation(machine, observe(machine, server_of(machine, status=Status.ACTIVE), now), now)
    sweep.tick(world.cloud, now)
    assert rung == [(waking, False)] * 2
