"""A step need not look again when there is no news, and never misses any."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cloud.contract import Status
from lib.states import LostRace
from machines.models import CloudWatch, Machine
from machines.reconcile import lists_pace, sweep
from machines.reconcile.observe import observe
from machines.stepper import outcomes
from tests.machines.reconcile.listed_server import server_of
from tests.machines.world import World


def building(world: World, task: str) -> Machine:
    machine = world.launch()
    world.turn()
    now = timezone.now()
    facts = {"cloud_task": task, "cloud_status": "building", "asked_at": now, "observed_at": now + timedelta(seconds=1)}
    Machine.objects.filter(pk=machine.pk).update(state="building", retry_at=now + outcomes.NEWS, **facts)
    machine.refresh_from_db()
    return machine


def told(machine: Machine, status: str, task: str) -> Machine:
    at = machine.observed_at + timedelta(seconds=1)
    sweep.apply_observation(machine, observe(machine, server_of(machine, status=Status(status), task=task), at), at)
    machine.refresh_from_db()
    return machine


def test_another_word_for_what_the_cloud_is_doing_wakes_no_step(world: World) -> None:
    machine = building(world, "scheduling")
    assert told(machine, "building", "spawning").retry_at is not None


def test_a_build_that_is_done_wakes_its_step(world: World) -> None:
    machine = building(world, "spawning")
    assert told(machine, "active", "").retry_at is None


def test_a_task_that_ended_without_a_change_wakes_its_step(world: World) -> None:
    machine = building(world, "spawning")
    assert told(machine, "building", "").retry_at is None


def test_news_that_came_during_a_step_is_not_slept_over(world: World) -> None:
    machine = building(world, "spawning")
    told(Machine.objects.get(pk=machine.pk), "active", "")
    with pytest.raises(LostRace):
        outcomes.wait_at_most(machine, 900)


def test_a_slow_list_of_changes_is_not_taken_for_silence(world: World) -> None:
    """Something was asked after the last list began: the next list of changes will tell of it."""
    machine = building(world, "")
    now = timezone.now()
    CloudWatch.objects.update(cursor="x", whole_at=now, listed_at=now - timedelta(seconds=20))
    ago = now - timedelta(seconds=10)
    Machine.objects.filter(pk=machine.pk).update(asked_at=ago, observed_at=None, server_id="one")
    assert not lists_pace.is_whole_due(CloudWatch.get_solo(), now)


@pytest.mark.parametrize(("seconds", "is_due"), [(61, False), (181, True)])
def test_a_list_of_all_yields_to_launches_for_a_while(
    world: World, settings: Any, seconds: float, is_due: bool
) -> None:
    settings.SWEEP_WHOLE_SECONDS = 60
    building(world, "")
    now = timezone.now()
    CloudWatch.objects.update(cursor="x", whole_at=now - timedelta(seconds=seconds), listed_at=now)
    assert lists_pace.is_whole_due(CloudWatch.get_solo(), now) is is_due


@pytest.mark.parametrize(("was_heard_of", "is_due"), [(True, True), (False, False)])
def test_silence_about_a_server_makes_all_be_listed_unless_it_still_waits_for_a_host(
    world: World, was_heard_of: bool, is_due: bool
) -> None:
    machine = building(world, "")
    now = timezone.now()
    CloudWatch.objects.update(cursor="x", whole_at=now, listed_at=now - timedelta(seconds=2))
    ago = now - timedelta(seconds=10)
    heard = {"observed_at": ago - timedelta(seconds=10) if was_heard_of else None}
    Machine.objects.filter(pk=machine.pk).update(asked_at=ago, server_id="one", **heard)
    assert lists_pace.is_whole_due(CloudWatch.get_solo(), now) is is_due


@pytest.mark.parametrize(("number", "seconds"), [(1, 2), (lists_pace.FEW, 2), (lists_pace.FEW + 1, 6)])
def test_a_few_that_wait_are_looked_for_sooner_than_a_class(world: World, number: int, seconds: int) -> None:
    facts = {"owner": world.student, "template": world.template, "state": "building", "wanted": "running"}
    Machine.objects.bulk_create(Machine(name=f"m{n}", **facts) for n in range(number))
    now = timezone.now()
    watch = CloudWatch.get_solo()
    watch.took_seconds, watch.listed_at = 0.6, now
    wanted = [lists_pace.is_wanted(watch, now + timedelta(seconds=seconds + d)) for d in (-0.1, 0.1)]
    assert wanted == [False, True]
