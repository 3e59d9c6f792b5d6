"""The contract of hosts that are emptied or die, on the real cloud with two further hosts. Its own host takes no servers meanwhile."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.cloud.local_stage import insist
from tests.cloud.test_contract_dead_hosts import *  # noqa: F403
from tests.openstack.openstack_stage import OpenStackStage, until
from tests.openstack.spare_hosts import SpareHost, driver

if TYPE_CHECKING:
    from accounts.models import User
    from machines.models import Machine
    from nodes.models import Node
    from tests.openstack.real_world import RealWorld

pytestmark = [
    pytest.mark.alone,
    pytest.mark.xdist_group("hosts"),
    # A second agent of Neutron's would meddle with the network of real guests.
    pytest.mark.skipif(driver() != "fake", reason="Wants a bench without real guests: up --driver fake"),
]
# New names each time: Nova takes a service that was deleted for one of a host of the same name.
SPARE = [f"spare-{uuid4().hex[:8]}" for _number in range(2)]


class SeveralHosts(OpenStackStage):
    """A stage whose servers are on spare hosts, which can be killed."""

    def __init__(self) -> None:
        super().__init__()
        self._own = self.spare_host
        self._spare = {name: SpareHost(self, name) for name in SPARE}

    def open(self) -> None:
        for host in self._spare.values():
            host.start()
        insist(self.cloud.set_host_enabled, self._own, False, "tests of several hosts")

    def close(self) -> None:
        insist(self.cloud.set_host_enabled, self._own, True)
        self.sweep()
        for host in self._spare.values():
            host.remove()

    def kill_host(self, name: str) -> None:
        self._spare[name].kill()

    def start_host(self, name: str) -> None:
        self._spare[name].start()

    def tidy(self) -> None:
        """Delete what a test left, and have both hosts take servers again."""
        super().tidy()
        self.settle()
        for host in self._spare.values():
            host.heal()


@pytest.fixture(scope="module")
def stage() -> Iterator[SeveralHosts]:
    made = SeveralHosts()
    try:
        made.open()
        yield made
    finally:
        made.close()


# ---- the portal's own loops on it ----


@pytest.fixture
def world(db: None, stage: SeveralHosts, student: "User") -> "RealWorld":
    from tests.openstack.real_world import RealWorld

    return RealWorld(stage, student)


def node_of(machine: "Machine", world: "RealWorld") -> "Node":
    """Return its node, as a look at the cloud has just found it."""
    from django.utils import timezone

    from nodes.hypervisors import looks
    from nodes.models import Node

    looks.look(world.cloud.hosts(), timezone.now())
    return Node.objects.get(name=machine.host)


def go_on(world: "RealWorld", machine: "Machine", is_so: Callable[[], bool]) -> None:
    """Let everybody work until it is so, and the machine runs."""
    from django.utils import timezone

    from machines import emptied_nodes
    from nodes.hypervisors import looks

    def turned() -> bool:
        looks.look(world.cloud.hosts(), timezone.now())
        emptied_nodes.tick(world.cloud, timezone.now())
        world.turn()
        machine.refresh_from_db()
        return machine.state == "running" and machine.is_settled and is_so()

    until(turned, "everybody's work is done")


def test_a_node_is_drained_and_comes_back(world: "RealWorld", admin: "User") -> None:
    from django.utils import timezone

    from nodes.hypervisors import emptying
    from nodes.models import Emptying

    machine = world.running()
    node = node_of(machine, world)
    emptying.begin_maintenance(node=node, why="memory", within=timedelta(), by=admin, now=timezone.now())
    go_on(world, machine, lambda: machine.host not in ("", node.name))
    emptying.end(node=node, by=admin, now=timezone.now())
    go_on(world, machine, lambda: not Emptying.objects.filter(settled_at=None).exists())
    node.refresh_from_db()
    assert (node.enabled, machine.moves_done, machine.resets_done) == (True, 1, 0)


def test_a_node_dies_and_its_machine_ends_on_another(world: "RealWorld", stage: SeveralHosts, admin: "User") -> None:
    from django.utils import timezone

    from nodes.hypervisors import emptying

    machine = world.running()
    node = node_of(machine, world)
    stage.kill_host(node.name)
    emptying.declare_dead(node=node_of(machine, world), why="smoke", by=admin, now=timezone.now())
    go_on(world, machine, lambda: machine.host not in ("", node.name) and machine.resets_done == 1)
    stage.start_host(node.name)
    emptying.end(node=node, by=admin, now=timezone.now())
    go_on(world, machine, lambda: not node_of(machine, world).fenced)
    assert world.known_servers(machine) == [machine.server_id]
