"""Helpers of the tests of nodes that machines leave: a look at the cloud, turns of the loop, and where a machine is."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from machines import emptied_nodes
from machines.models import Machine
from nodes.hypervisors import emptying, looks
from nodes.models import Emptying, Node
from tests.cloud.fake import HOST
from tests.machines.world import World

DAY = timedelta(days=1)


def looked(world: World) -> Node:
    """The node HOST, after a look at the cloud."""
    looks.look(world.cloud.hosts(), timezone.now())
    return Node.objects.get(name=HOST)


def tick(world: World, times: int = 1) -> None:
    for _time in range(times):
        emptied_nodes.tick(world.cloud, timezone.now())
        looked(world)
        world.clock.move(1)


def settled(world: World, is_so: Callable[[], bool], turns: int = 80) -> None:
    for _turn in range(turns):
        if is_so():
            return
        tick(world)
        world.turn()
    raise AssertionError("it never came true")


def begin(world: World, admin: User, within: timedelta = DAY) -> Emptying:
    node = looked(world)
    return emptying.begin_maintenance(node=node, why="memory", within=within, by=admin, now=timezone.now())


def die(world: World, admin: User) -> Emptying:
    """Kill the node HOST, and declare it dead."""
    world.cloud.kill_host(HOST)
    return emptying.declare_dead(node=looked(world), why="smoke", by=admin, now=timezone.now())


def end(world: World, admin: User) -> None:
    emptying.end(node=Node.objects.get(name=HOST), by=admin, now=timezone.now())
    world.clock.move(1)


def host(machine: Machine) -> str:
    return Machine.objects.get(pk=machine.pk).host
