"""Nodes that are back before their machines have left them: what is on their disks stays, and the cloud uses them again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import RowFailure, User
from lib.claims import claimed
from machines import actions, dead_nodes, emptied_nodes
from machines.models import Machine
from machines.rules import WrongState
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


@pytest.mark.parametrize("take_out", [begin, die])
def test_a_node_brought_back_before_the_next_look_is_free(
    take_out: Callable[[World, User], object], world: World, machine: Machine, admin: User
) -> None:
    take_out(world, admin)
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


def test_one_that_was_refused_a_move_long_ago_is_moved(world: World, machine: Machine, admin: User) -> None:
    Machine.objects.update(refused="move")
    world.clock.move(5)
    begin(world, admin, timedelta())
    settled(world, lambda: host(machine) == OTHER_HOST)


def test_one_that_was_put_away_before_it_was_moved_is_not_moved_any_more(
    world: World, machine: Machine, admin: User
) -> None:
    begin(world, admin)
    emptied_nodes.move_now(machine=machine, by=world.student)
    actions.shelve(machine=machine, by=world.student)
    world.until(machine, "shelved")
    actions.wake(machine=machine, by=world.student)
    world.until(machine, "running")
    assert world.called("ensure_moved") == 0


def test_a_second_press_of_move_it_now_is_answered_with_what_it_is_at(
    world: World, machine: Machine, admin: User
) -> None:
    begin(world, admin)
    emptied_nodes.move_now(machine=machine, by=world.student)
    with pytest.raises(WrongState, match="something else just now"):
        emptied_nodes.move_now(machine=machine, by=world.student)


def test_a_fault_that_is_over_is_not_shown_any_more(world: World, machine: Machine, admin: User) -> None:
    begin(world, admin)
    world.cloud.busy = True
    emptied_nodes.tick(world.cloud, timezone.now())
    assert RowFailure.objects.filter(loop="leaving").exists()
    world.cloud.busy = False
    emptied_nodes.tick(world.cloud, timezone.now())
    assert not RowFailure.objects.filter(loop="leaving").exists()


def test_what_another_worker_is_at_waits_for_it(world: World, machine: Machine, admin: User) -> None:
    row = begin(world, admin)
    with claimed(Emptying.objects.all(), row.pk, 60):
        emptied_nodes.tick(world.cloud, timezone.now())
        assert world.called("set_host_enabled") == 0
    emptied_nodes.tick(world.cloud, timezone.now())
    assert world.called("set_host_enabled") == 1


def test_a_refused_fence_stands_in_the_history(world: World, machine: Machine, admin: User) -> None:
    die(world, admin)
    world.cloud.start_host(HOST)
    tick(world)
    assert NodeEvent.objects.get(kind="back").note == f"Host {HOST} is up."
