"""Servers that the cloud has and Minga did not make."""

from cloud.contract import Owner, Server, ServerSpec
from machines.adoption import adopt
from machines.models import Machine, Stray
from machines.reconcile.strays import keep_strays
from tests.cloud.fake import FakeCloud
from tests.machines.world import World


def spec(machine: str = "", owner: str = "", name: str = "found") -> ServerSpec:
    return ServerSpec(machine=machine, owner=Owner(owner), name=name, flavor_id="tiny", image_id="linux")


def found(cloud: FakeCloud, name: str = "found") -> Server:
    """Make a running server without any tag."""
    server = cloud._build(spec(name=name))
    cloud.settle()
    return cloud.server(server.id)


def stray_of(world: World, *, status: str = "active", **facts: object) -> Stray:
    """List a server without a tag."""
    server = found(world.cloud)
    world.cloud._by_hand(server.id, status=status)
    keep_strays([world.cloud.server(server.id)], world.clock.now)
    Stray.objects.filter(server_id=server.id).update(**facts)
    return Stray.objects.get(server_id=server.id)


def given(world: World, stray: Stray, name: str = "") -> Machine:
    return adopt(stray=stray, owner=world.student, template=world.template, name=name, by=world.student)
