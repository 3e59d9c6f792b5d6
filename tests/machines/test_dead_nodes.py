"""Machines of a dead node start elsewhere whatever they were at, or wanted, when it died; nothing runs twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from machines import actions, emptied_nodes
from machines.models import Machine
from machines.stepper import worker
from nodes.models import Emptying, Node
from tests.cloud.fake import HOST, LosesReply, LosesRequest, SlowCloud
from tests.cloud.fake_state import OTHER_HOST
from tests.machines.left import begin, die, end, host, looked, settled, tick
from tests.machines.world import World

Act = Callable[..., Any]


@pytest.fixture
def machine(world: World) -> Machine:
    return world.running()


def found(world: World, machine: Machine, state: str) -> tuple[str, int]:
    """Return its host once it is settled in this state, and how many servers it has."""

    def is_so() -> bool:
        row = Machine.objects.get(pk=machine.pk)
        return row.state == state and row.is_settled and row.host != HOST

    settled(world, is_so, turns=120)
    return host(machine), len(world.known(machine))


@pytest.mark.parametrize(
    ("act", "state", "there"),
    [
        (actions.suspend, "suspended", OTHER_HOST), (actions.shelve, "shelved", ""), (actions.archive, "archived", ""),
        (actions.restart, "running", OTHER_HOST), (actions.reset, "running", OTHER_HOST),
    ],
)  # fmt: skip
def test_what_was_asked_of_it_meanwhile_is_done_elsewhere(
    world: World, machine: Machine, admin: User, act: Act, state: str, there: str
) -> None:
    world.cloud.kill_host(HOST)
    looked(world)
    act(machine=machine, by=world.student)
    for _turn in range(5):
        world.turn()
    die(world, admin)
    assert found(world, machine, state) == (there, bool(there) or state == "shelved")


@pytest.mark.parametrize("act", [actions.suspend, actions.shelve, actions.archive, actions.restart, actions.reset])
def test_the_cloud_is_asked_nothing_for_one_whose_node_does_not_answer(
    world: World, machine: Machine, act: Act
) -> None:
    world.cloud.kill_host(HOST)
    looked(world)
    world.cloud.calls.clear()
    act(machine=machine, by=world.student)
    for _turn in range(10):
        world.turn()
    assert [call for call in world.cloud.calls if call[0].startswith("ensure_")] == []
    assert "does not answer" in str(Machine.objects.get(pk=machine.pk).note)


@pytest.mark.parametrize("act", [actions.suspend, actions.shelve, actions.restart, actions.reset])
def test_what_the_node_was_at_when_it_died_goes_on_elsewhere(
    world: World, machine: Machine, admin: User, act: Act
) -> None:
    act(machine=machine, by=world.student)
    worker.step(machine.pk, world.cloud)
    die(world, admin)
    states = {actions.suspend: "suspended", actions.shelve: "shelved"}
    assert found(world, machine, states.get(act, "running"))[1] == 1


def test_one_that_was_being_built_there_gets_another_server(world: World, admin: User) -> None:
    machine = world.launch()
    world.turn()
    assert Machine.objects.get(pk=machine.pk).state == "building"
    die(world, admin)
    assert found(world, machine, "running") == (OTHER_HOST, 1)


def test_one_that_was_waking_there_starts_elsewhere(world: World, machine: Machine, admin: User) -> None:
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    actions.wake(machine=machine, by=world.student)
    worker.step(machine.pk, world.cloud)
    die(world, admin)
    assert found(world, machine, "running") == (OTHER_HOST, 1)


def test_one_that_slept_there_is_archived_from_elsewhere(world: World, machine: Machine, admin: User) -> None:
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    die(world, admin)
    actions.archive(machine=machine, by=world.student)
    assert found(world, machine, "archived") == ("", 0)


def test_a_node_that_dies_while_machines_leave_it_keeps_none(world: World, machine: Machine, admin: User) -> None:
    begin(world, admin)
    actions.move(machine=machine, by=admin)
    worker.step(machine.pk, world.cloud)
    die(world, admin)
    assert found(world, machine, "running") == (OTHER_HOST, 1)
    assert world.called("ensure_rebuilt") == 1


def test_one_that_failed_there_starts_elsewhere_when_it_is_tried_again(
    world: World, machine: Machine, admin: User
) -> None:
    world.cloud.cures.clear()
    world.cloud.break_server(machine.server_id)
    settled(world, lambda: Machine.objects.get(pk=machine.pk).state == "failed")
    die(world, admin)
    tick(world, 2)
    actions.retry(machine=machine, by=world.student)
    assert found(world, machine, "running") == (OTHER_HOST, 1)


def test_one_that_is_deleted_while_it_leaves_is_gone(world: World, machine: Machine, admin: User) -> None:
    die(world, admin)
    tick(world, 2)
    actions.delete(machine=machine, by=world.student)
    settled(world, lambda: Machine.objects.get(pk=machine.pk).state == "gone")
    assert world.known(machine) == []


def test_nothing_starts_elsewhere_while_the_node_reports(world: World, machine: Machine, admin: User) -> None:
    die(world, admin)
    tick(world, 1)
    for _turn in range(5):  # it was switched on again by itself
        Node.objects.update(heard_anew_at=timezone.now(), seen_at=timezone.now(), fenced=True)
        emptied_nodes.tick(world.cloud, timezone.now())
        world.turn()
    assert (host(machine), world.called("ensure_evacuated")) == (HOST, 0)


def test_a_node_that_the_cloud_does_not_know_any_more_costs_no_machine(
    world: World, machine: Machine, admin: User
) -> None:
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    die(world, admin)
    tick(world, 2)
    del world.cloud.computers[HOST]
    actions.wake(machine=machine, by=world.student)
    for _turn in range(10):
        tick(world)
        world.turn()
    assert (Machine.objects.get(pk=machine.pk).state != "gone", len(world.known(machine))) == (True, 1)


def test_where_no_node_has_room_it_is_tried_again_later(world: World, machine: Machine, admin: User) -> None:
    world.cloud.has_other_host = False
    die(world, admin)
    for _turn in range(60):
        tick(world)
        world.turn()
    assert len({call for call in world.cloud.calls if call[0] == "ensure_evacuated"}) == 1
    world.cloud.has_other_host = True
    world.clock.move(300)
    assert found(world, machine, "running") == (OTHER_HOST, 1)
    assert Emptying.objects.get().ended_at is None


@pytest.mark.parametrize("cloud", [LosesRequest(), LosesReply(), SlowCloud()], ids=lambda c: type(c).__name__)
def test_a_cloud_that_loses_calls_starts_each_once(world: World, machine: Machine, admin: User) -> None:
    die(world, admin)
    assert found(world, machine, "running") == (OTHER_HOST, 1)
    row = Machine.objects.get(pk=machine.pk)
    assert (row.moves_done, row.resets_done, world.cloud.server(row.server_id).resets) == (1, 1, 1)


@pytest.mark.parametrize("cloud", [LosesRequest(), LosesReply(), SlowCloud()], ids=lambda c: type(c).__name__)
def test_such_a_cloud_empties_a_node_and_has_it_back(world: World, machine: Machine, admin: User) -> None:
    begin(world, admin, timedelta())
    assert found(world, machine, "running") == (OTHER_HOST, 1)
    end(world, admin)
    settled(world, lambda: Emptying.objects.get().settled_at is not None)
    assert (world.cloud.computers[HOST].enabled, Machine.objects.get(pk=machine.pk).moves_done) == (True, 1)


def test_a_worker_killed_before_each_call_starts_it_once(world: World, machine: Machine, admin: User) -> None:
    die(world, admin)
    tick(world, 2)
    for _kill in range(4):
        with pytest.raises(KeyboardInterrupt):
            die_in_the_step(world, machine)
        world.clock.move(120)  # its claim is over
    assert found(world, machine, "running") == (OTHER_HOST, 1)
    row = Machine.objects.get(pk=machine.pk)
    assert (row.moves_done, row.resets_done) == (1, 1)


def die_in_the_step(world: World, machine: Machine) -> None:
    assert world.patches
    with world.patches.context() as patch:
        patch.setattr(world.cloud, "ensure_evacuated", _killed)
        worker.step(machine.pk, world.cloud)


def _killed(*_args: Any) -> None:
    raise KeyboardInterrupt
