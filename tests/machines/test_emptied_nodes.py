"""Nodes that are emptied for maintenance, or are dead: their machines are moved, put away, or start elsewhere, and their owners are told."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Notice, User
from machines import actions, dead_nodes, emptied_nodes
from machines.models import Machine
from machines.rules import WrongState
from machines.states import Wanted
from nodes.hypervisors import emptying
from nodes.models import Emptying
from tests.cloud.fake import HOST
from tests.cloud.fake_state import OTHER_HOST
from tests.factories import make_machine
from tests.machines import kept
from tests.machines.left import DAY, begin, die, host, looked, settled, tick
from tests.machines.world import World


@pytest.fixture
def admin() -> User:
    return User.objects.create_user("root-of-all", roles=["admin"])


@pytest.fixture
def machine(world: World) -> Machine:
    return world.running()


@pytest.fixture
def maintained(world: World, machine: Machine, admin: User) -> Emptying:
    return begin(world, admin)


@pytest.fixture
def dead(world: World, machine: Machine, admin: User) -> Emptying:
    return die(world, admin)


def mails(kind: str) -> int:
    return Notice.objects.filter(kind=kind).count()


# ---- maintenance ----


def test_the_cloud_is_told_to_send_no_new_machines(world: World, maintained: Emptying) -> None:
    tick(world)
    assert (world.cloud.computers[HOST].enabled, world.cloud.computers[HOST].note) == (False, "memory")


def test_an_owner_is_asked_once_and_nothing_moves_before_the_time_is_over(
    world: World, machine: Machine, maintained: Emptying
) -> None:
    tick(world, 3)
    assert (mails("machine.maintenance"), host(machine)) == (1, HOST)


def test_an_owner_moves_it_at_a_time_of_their_own(world: World, machine: Machine, maintained: Emptying) -> None:
    emptied_nodes.move_now(machine=machine, by=world.student)
    settled(world, lambda: host(machine) == OTHER_HOST)
    assert world.until(machine, "running").moves_done == 1


def test_afterwards_it_is_moved_all_the_same_and_its_disk_is_kept(
    world: World, machine: Machine, maintained: Emptying
) -> None:
    world.clock.move(DAY.total_seconds())
    settled(world, lambda: host(machine) == OTHER_HOST)
    world.until(machine, "running")
    assert world.called("ensure_rebuilt") == 0


def test_one_that_sleeps_is_put_away(world: World, machine: Machine, maintained: Emptying) -> None:
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    world.clock.move(DAY.total_seconds())
    settled(world, lambda: Machine.objects.get(pk=machine.pk).state == "shelved")
    assert host(machine) == ""


def test_where_no_other_node_takes_it_it_is_put_away(world: World, machine: Machine, maintained: Emptying) -> None:
    world.cloud.has_other_host = False
    world.clock.move(DAY.total_seconds())
    settled(world, lambda: Machine.objects.get(pk=machine.pk).state == "shelved")


def test_two_leave_at_once_and_one_that_cannot_keeps_none_back(world: World, maintained: Emptying) -> None:
    for number in range(4):
        facts = {
            "server_id": f"s{number}",
            "ready_at": timezone.now() if number else None,
            "used_at": timezone.now() - DAY + timedelta(minutes=number),
        }
        make_machine(world.student, name=f"n{number}", host=HOST, **facts)
    world.clock.move(DAY.total_seconds())
    for _time in range(2):
        emptied_nodes.tick(world.cloud, timezone.now())
    assert sorted(Machine.objects.exclude(moves_asked=0).values_list("name", flat=True)) == ["n1", "n2"]


def test_nobody_moves_a_machine_whose_node_stays(world: World, machine: Machine) -> None:
    looked(world)
    with pytest.raises(WrongState):
        emptied_nodes.move_now(machine=machine, by=world.student)


def test_back_in_service_it_takes_machines_again(world: World, maintained: Emptying, admin: User) -> None:
    tick(world)
    emptying.end(node=maintained.node, by=admin, now=timezone.now())
    tick(world, 3)
    maintained.refresh_from_db()
    assert (world.cloud.computers[HOST].enabled, bool(maintained.settled_at)) == (True, True)


def test_one_that_was_disabled_before_stays_so(world: World, machine: Machine, admin: User) -> None:
    world.cloud.set_host_enabled(HOST, False, "by hand")
    emptying.begin_maintenance(node=looked(world), why="dust", within=DAY, by=admin, now=timezone.now())
    emptying.end(node=looked(world), by=admin, now=timezone.now())
    tick(world, 3)
    assert not world.cloud.computers[HOST].enabled


def test_two_at_once_begin_one_maintenance(world: World, maintained: Emptying, admin: User) -> None:
    with pytest.raises(emptying.NotNow):
        emptying.begin_maintenance(node=maintained.node, why="", within=DAY, by=admin, now=timezone.now())
    assert Emptying.objects.count() == 1


# ---- a dead node ----


def test_a_node_that_is_up_is_not_declared_dead(world: World, machine: Machine, admin: User) -> None:
    with pytest.raises(emptying.NotNow):
        emptying.declare_dead(node=looked(world), why="", by=admin, now=timezone.now())
    assert not Emptying.objects.exists()


def test_what_ran_there_starts_elsewhere_once_from_its_template(world: World, machine: Machine, dead: Emptying) -> None:
    settled(world, lambda: host(machine) == OTHER_HOST)
    world.until(machine, "running")
    assert (rebuilt(world), evacuated(world), len(world.known(machine))) == (["linux"], 1, 1)


def evacuated(world: World) -> int:
    return len({call for call in world.cloud.calls if call[0] == "ensure_evacuated"})


def rebuilt(world: World) -> list[str]:
    return [image for _verb, _server, image, _number in (c for c in world.cloud.calls if c[0] == "ensure_rebuilt")]


def test_nothing_starts_elsewhere_before_somebody_says_that_the_node_is_dead(world: World, machine: Machine) -> None:
    world.cloud.kill_host(HOST)
    looked(world)
    for _turn in range(10):
        tick(world)
        world.turn()
    assert (host(machine), world.called("ensure_evacuated")) == (HOST, 0)


def test_its_last_kept_moment_comes_before_its_template(world: World, machine: Machine, admin: User) -> None:
    moment = kept.made(world, machine)
    world.cloud.kill_host(HOST)
    emptying.declare_dead(node=looked(world), why="", by=admin, now=timezone.now())
    settled(world, lambda: host(machine) == OTHER_HOST)
    world.until(machine, "running")
    assert rebuilt(world) == [moment.image_id]


def test_shared_disks_are_kept(world: World, machine: Machine, dead: Emptying, settings: Any) -> None:
    settings.SHARED_DISKS = True
    settled(world, lambda: host(machine) == OTHER_HOST)
    world.until(machine, "running")
    assert rebuilt(world) == []


def test_its_owner_is_told_once(world: World, machine: Machine, dead: Emptying) -> None:
    settled(world, lambda: host(machine) == OTHER_HOST)
    tick(world, 3)
    assert mails("machine.node_dead") == 1


def test_one_that_slept_there_starts_elsewhere_when_it_is_woken(world: World, machine: Machine, admin: User) -> None:
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    world.cloud.kill_host(HOST)
    emptying.declare_dead(node=looked(world), why="", by=admin, now=timezone.now())
    tick(world, 3)
    assert host(machine) == HOST
    actions.wake(machine=machine, by=world.student)
    assert world.until(machine, "running").host == OTHER_HOST


def test_a_machine_of_a_node_that_does_not_answer_waits_and_asks_the_cloud_nothing(
    world: World, machine: Machine
) -> None:
    world.cloud.kill_host(HOST)
    looked(world)
    actions.suspend(machine=machine, by=world.student)
    for _turn in range(10):
        world.turn()
    assert world.called("ensure_suspended") == 0
    world.cloud.start_host(HOST)
    looked(world)
    world.until(machine, "suspended")


def test_back_again_nothing_runs_twice(world: World, machine: Machine, dead: Emptying, admin: User) -> None:
    settled(world, lambda: host(machine) == OTHER_HOST)
    world.until(machine, "running")
    emptying.end(node=dead.node, by=admin, now=timezone.now())
    tick(world, 3)
    assert world.cloud.computers[HOST].fenced  # until its service has removed what runs elsewhere
    world.cloud.start_host(HOST)
    tick(world, 3)
    dead.refresh_from_db()
    assert (world.cloud.computers[HOST].up, bool(dead.settled_at), host(machine)) == (True, True, OTHER_HOST)


def test_one_that_came_back_before_it_was_fenced_is_left_alone(world: World, machine: Machine, dead: Emptying) -> None:
    world.cloud.start_host(HOST)
    tick(world, 3)
    dead.refresh_from_db()
    assert (host(machine), world.called("ensure_evacuated"), bool(dead.settled_at)) == (HOST, 0, True)


def test_a_worker_that_is_killed_asks_for_no_second_start(world: World, machine: Machine, dead: Emptying) -> None:
    for _time in range(3):
        machine.refresh_from_db()
        dead_nodes.leave(machine)
    machine.refresh_from_db()
    assert (machine.moves_asked, machine.resets_asked, machine.wanted) == (1, 0, Wanted.RUNNING)
