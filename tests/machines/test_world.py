"""The small world itself: what did not happen in it leaves nothing behind."""

import pytest

from machines import actions
from machines.models import Event
from tests.machines.world import World


def test_what_if_leaves_rows_cloud_and_clock_as_they_were(world: World) -> None:
    machine = world.running()
    events, calls, at = Event.objects.count(), list(world.cloud.calls), world.clock.now
    with world.what_if("it is deleted"):
        world.clock.move(3600)
        actions.delete(machine=machine, by=world.student)
        world.until(machine, "gone")
        assert world.known(machine) == []
    machine.refresh_from_db()
    assert (machine.state, Event.objects.count(), world.cloud.calls) == ("running", events, calls)
    assert world.known(machine) == [machine.server_id]
    assert 0 <= (world.clock.now - at).total_seconds() < 600


def test_a_failure_within_says_at_which_moment(world: World) -> None:
    with pytest.raises(AssertionError) as failure, world.what_if("after 3 turns"):
        raise AssertionError("two servers")
    assert failure.value.__notes__ == ["after 3 turns"]
