"""Helpers of the tests of kept moments: one is asked for, made, gone back to."""

from django.utils import timezone

import quotas.actions
from machines import disk_images, moments
from machines.models import DiskImage, Machine
from tests.machines.world import World


def go_on(world: World) -> None:
    world.turn()
    disk_images.tend(world.cloud, timezone.now())
    world.clock.move(6)


def made(world: World, machine: Machine, name: str = "before the exam") -> DiskImage:
    """Asked for, and let be until the workers are done with it."""
    moment = moments.keep(machine=machine, name=name, by=world.student)
    for _turn in range(20):
        go_on(world)
        moment.refresh_from_db()
        if moment.state != "due":
            break
    machine.refresh_from_db()
    return moment


def tidied(world: World) -> None:
    world.clock.move(61)  # nobody holds a moment that was given up for longer
    disk_images.tidy(world.cloud, timezone.now())


def go_back(world: World, machine: Machine, number: int = 1) -> Machine:
    moments.restore(machine=machine, number=number, by=world.student)
    return world.until(machine, "running")


def rebuilt_from(world: World) -> str:
    return [call[2] for call in world.cloud.calls if call[0] == "ensure_rebuilt"][-1]


def counted(world: World) -> tuple[int, int]:
    usage = quotas.actions.usage(world.student)
    return usage.archives.used, usage.archive_gb.used
