"""A student gives a server a network of their own, with the name and the range of the machines': the portal does not follow."""

from collections.abc import Callable, Iterator

import pytest
from openstack import exceptions

from cloud.contract import Owner, Server, ServerSpec
from tests.cloud.local_stage import insist
from tests.openstack.openstack_stage import AGENT, OpenStackStage, open_cloud, until

Specs = Callable[..., ServerSpec]

pytestmark = pytest.mark.xdist_group("lives")


@pytest.fixture
def theirs(stage: OpenStackStage, make_spec: Specs, new_owner: Owner) -> Server:
    """A new student's server."""
    server = insist(stage.cloud.ensure_server, make_spec(stage, owner=new_owner))
    stage.settle()
    return stage.look(server)


@pytest.fixture
def twin(stage: OpenStackStage, theirs: Server) -> Iterator[str]:
    """A network of the student's project with the machines' name and range. Yields its id."""
    ours = stage.admin.network.get_network(stage.cloud.network.id)
    try:
        made = stage.admin.network.create_network(name=ours.name, project_id=theirs.project)
    except exceptions.HttpException as error:
        pytest.skip(f"This Neutron makes no networks for projects (tenant_network_types): {error}")
    cidr = stage.admin.network.get_subnet(ours.subnet_ids[0]).cidr
    facts = {"ip_version": 4, "cidr": cidr, "gateway_ip": None, "enable_dhcp": False}
    stage.admin.network.create_subnet(network_id=made.id, project_id=theirs.project, **facts)
    yield made.id
    insist(stage.cloud.ensure_deleted, theirs.id)
    until(lambda: goes(stage, made.id), "the network goes when its last port has gone")


def goes(stage: OpenStackStage, network: str) -> bool:
    try:
        stage.admin.network.delete_network(network)
    except exceptions.ConflictException:
        return False
    return True


def shown(stage: OpenStackStage, server: Server) -> list[str]:
    """Return all addresses that Nova shows of the server."""
    return [entry["addr"] for entries in stage.row(server)["addresses"].values() for entry in entries]


def test_a_network_of_the_same_name_and_range_moves_no_machine(
    stage: OpenStackStage, theirs: Server, twin: str
) -> None:
    wish = {"net_id": twin, "fixed_ips": [{"ip_address": AGENT}]}
    answer = stage.admin.compute.post(f"/servers/{theirs.id}/os-interface", json={"interfaceAttachment": wish})
    assert answer.status_code < 300, answer.text
    until(lambda: AGENT in shown(stage, theirs), "Nova shows the address that the student chose")
    assert theirs.address
    for cloud in (stage.cloud, open_cloud()):
        assert insist(cloud.look, theirs.id).address == theirs.address
    assert stage.listed(theirs).address == theirs.address
