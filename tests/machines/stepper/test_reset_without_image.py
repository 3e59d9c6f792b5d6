"""A reset to an image that the cluster no longer has is no reason to lose the machine."""

from machines import actions
from tests.machines.world import World


def test_the_machine_stays_as_it_is(world: World) -> None:
    machine = world.running()
    world.cloud.ensure_image_deleted("linux")
    actions.reset(machine=machine, by=world.student)
    world.until(machine, "running")
    assert world.known(machine) == [machine.server_id]
    assert "could not be reset" in " ".join(str(event.note) for event in machine.events.all())


def test_it_can_still_be_used_after_that(world: World) -> None:
    machine = world.running()
    world.cloud.ensure_image_deleted("linux")
    actions.reset(machine=machine, by=world.student)
    world.until(machine, "running")
    actions.suspend(machine=machine, by=world.student)
    assert world.until(machine, "suspended")
