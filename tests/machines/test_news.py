"""A step need not look again when there is no news, and never misses any."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cloud.contract import Status
from lib.states import LostRace
from machines.models import CloudWatch, Machine
from machines.reconcile import sweep
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
    assert not sweep._is_whole_due(CloudWatch.get_solo(), now)


def test_a_server_that_a_list_of_changes_did_not_tell_of_makes_all_be_listed(world: World) -> None:
    machine = building(world, "")
    now = timezone.now()
    CloudWatch.objects.update(cursor="x", whole_at=now, listed_at=now - timedelta(seconds=2))
    ago = now - timedelta(seconds=10)
    Machine.objects.filter(pk=machine.pk).update(asked_at=ago, observed_at=None, server_id="one")
    assert sweep._is_whole_due(CloudWatch.get_solo(), now)
