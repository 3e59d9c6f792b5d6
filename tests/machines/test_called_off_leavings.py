"""Nodes that are back before their machines have left them: what is on their disks stays, and the cloud uses them again."""

import pytest
from django.utils import timezone

from accounts.models import User
from cloud.contract import CloudRefused
from machines import actions, dead_nodes, emptied_nodes
from machines.models import Machine
from nodes.hypervisors import emptying
from nodes.models import Emptying, NodeEvent
from tests.cloud.fake import HOST
from tests.cloud.fake_state import OTHER_HOST
from tests.machines.left import begin, die, end, host, looked, settled, tick
from tests.machines.world import World


@pytest.fixture
def machine(world: World) -> Machine:
    return world.running()


def come_back(world: World, admin: User) -> None:
    end(world, admin)
    world.cloud.left_behind.clear()
    tick(world, 3)
    world.cloud.start_host(HOST)
    looked(world)


def is_free(world: World) -> bool:
    computer = world.cloud.computers[HOST]
    return computer.enabled and not computer.fenced


def test_a_maintenance_ended_before_the_next_look_leaves_the_node_enabled(world: World, machine: Machine, admin: User) -> None:
    begin(world, admin)
    emptied_nodes.tick(world.cloud, timezone.now())
    end(world, admin)
    tick(world, 4)
    assert (is_free(world), Emptying.objects.get().settled_at is None) == (True, False)


def test_a_death_ended_before_the_next_look_leaves_the_node_unfenced(world: World, machine: Machine, admin: User) -> None:
    die(world, admin)
    emptied_nodes.tick(world.cloud, timezone.now())
    end(world, admin)
    tick(world, 4)
    assert (is_free(world), Emptying.objects.get().settled_at is None) == (True, False)


def test_what_did_not_leave_a_dead_node_keeps_its_disk(world: World, machine: Machine, admin: User) -> None:
    die(world, admin)
    tick(world, 2)
    machine.refresh_from_db()
    assert machine.owes_move
    come_back(world, admin)
    world.until(machine, "running")
    assert (host(machine), world.called("ensure_rebuilt"), world.called("ensure_moved")) == (HOST, 0, 0)


def test_what_no_other_node_could_take_keeps_its_disk(world: World, machine: Machine, admin: User) -> None:
    world.cloud.has_other_host = False
    die(world, admin)
    for _turn in range(20):
        tick(world)
        world.turn()
    come_back(world, admin)
    machine.refresh_from_db()
    if machine.state == "failed":
        actions.retry(machine=machine, by=world.student)
    world.until(machine, "running", turns=400)
    assert (host(machine), world.called("ensure_rebuilt")) == (HOST, 0)


def test_what_slept_there_and_was_woken_too_early_keeps_its_disk(world: World, machine: Machine, admin: User) -> None:
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    die(world, admin)
    tick(world, 2)
    actions.wake(machine=machine, by=world.student)
    dead_nodes.ask_to_start_elsewhere(Machine.objects.get(pk=machine.pk))  # and the worker was killed
    come_back(world, admin)
    world.until(machine, "running")
    assert (host(machine), world.called("ensure_rebuilt")) == (HOST, 0)
