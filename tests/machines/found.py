"""Servers that the cloud has and Minga did not make."""

from cloud.contract import Owner, Server, ServerSpec
from tests.cloud.fake import FakeCloud


def spec(machine: str = "", owner: str = "", name: str = "found") -> ServerSpec:
    return ServerSpec(machine=machine, owner=Owner(owner), name=name, flavor_id="tiny", image_id="linux")


def found(cloud: FakeCloud, name: str = "found") -> Server:
    """Make a running server without any tag."""
    server = cloud._build(spec(name=name))
    cloud.settle()
    return cloud.server(server.id)
