"""Builds that fail are made again, a few times, and leave no server and no second line of history behind."""

import pytest

from machines import actions
from machines.models import Machine
from tests.machines.world import World


def test_a_launch_that_keeps_breaking_says_so_and_can_be_tried_again(world: World) -> None:
    machine = breaks(world, times=3)
    assert str(world.until(machine, "failed").note).startswith("The cluster could not build it in 3 attempts.")
    actions.retry(machine=machine, by=world.student)
    world.until(machine, "running")
    assert len(world.known(machine)) == 1


def breaks(world: World, times: int) -> Machine:
    """Launch a machine whose first servers all end in error."""
    machine = world.launch()
    for _time in range(times):
        for _turn in range(60):
            if world.known(machine):
                break
            world.turn()
        world.cloud.break_server(world.known(machine)[0])
        world.turn()
    machine.refresh_from_db()
    return machine


def test_a_build_that_failed_is_made_again_by_itself(world: World) -> None:
    machine = breaks(world, times=2)
    assert "Trying again" in str(machine.note)
    world.until(machine, "running")
    assert (len(world.known(machine)), machine.builds_failed) == (1, 0)


def test_each_failed_build_is_one_line_of_its_history(world: World) -> None:
    machine = world.until(breaks(world, times=2), "running")
    assert [str(e.note)[:35] for e in machine.events.filter(kind="noted")] == [
        "The cluster could not build it. Try"
    ] * 2
    assert machine.events.filter(to_state="building", kind="moved").count() == 1


def test_the_server_of_a_failed_build_is_deleted(world: World) -> None:
    world.until(breaks(world, times=2), "running")
    assert world.called("ensure_deleted") == 2


def test_a_build_is_not_made_again_at_once(world: World) -> None:
    world.agent_works = False  # it would ring for all that wait
    breaks(world, times=1)
    world.turn()
    assert world.called("ensure_server") == 1


@pytest.mark.parametrize("moment", ["counted", "deleted"])
def test_a_worker_killed_while_it_gives_up_a_server_loses_nothing(world: World, moment: str) -> None:
    machine = world.launch()
    world.turn()
    world.turn()
    server_id = world.known(machine)[0]
    world.cloud.break_server(server_id)
    Machine.objects.update(failed_server=server_id, builds_failed=1)
    if moment == "deleted":
        world.cloud.ensure_deleted(server_id)
        world.cloud.settle()
    assert world.until(machine, "running").server_id != server_id


def test_one_that_is_deleted_while_its_build_is_tried_again_is_gone(world: World) -> None:
    machine = breaks(world, times=1)
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")
    assert not world.known(machine)


def test_full_told_late_goes_back_to_the_queue(world: World) -> None:
    machine = world.launch()
    world.turn()
    world.turn()
    world.cloud.break_server(world.known(machine)[0], "No valid host was found.", full=True)
    world.turn()
    machine.refresh_from_db()
    assert machine.state == "queued"
    world.until(machine, "running")
    assert len(world.known(machine)) == 1
