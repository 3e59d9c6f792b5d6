"""A service gives few rows at a time: every list is read to its last page."""

import uuid
from collections.abc import Callable

import pytest

from cloud.contract import Owner, Server, ServerSpec
from cloud.openstack.tenants import keypair_prefix
from tests.cloud.local_stage import insist
from tests.openstack.openstack_stage import OpenStackStage, RecordedCloud, own
from tests.openstack.proxy import Proxies

pytestmark = pytest.mark.xdist_group("api")


@pytest.mark.alone  # others make flavors and images, and their servers are counted on the hosts
@pytest.mark.parametrize("what", ["flavors", "images", "hosts"])
def test_a_list_that_is_cut_at_three_is_the_whole_list(door: Proxies, cloud: RecordedCloud, what: str) -> None:
    whole = getattr(cloud, what)()
    door.cut = 3
    assert getattr(cloud, what)() == whole


@pytest.mark.alone  # others' servers come and go
def test_so_is_that_of_all_servers(door: Proxies, cloud: RecordedCloud, server: Server) -> None:
    door.cut = 1
    found = [one.id for one in cloud.list_servers().servers]
    assert (server.id in found, len(found)) == (True, len(set(found)))


def test_a_restart_with_a_long_history_reboots_once(
    door: Proxies, cloud: RecordedCloud, stage: OpenStackStage, server: Server
) -> None:
    before = stage.reboots(server)  # other tests have had this server
    door.cut = 1  # so that the reboot is on a later page than what came after it
    cloud.actions.act(server.id, "reboot", {"type": "HARD"})  # a soft one would take Nova two minutes
    stage.settle()
    for action in ("pause", "unpause"):
        stage.by_hand(server, action)
        stage.settle()
    insist(cloud.ensure_restarted, server.id, server.restarts + 1)
    assert stage.look(server).restarts == server.restarts + 1
    assert stage.reboots(server) == before + 1


def test_a_persons_key_pairs_all_go_with_their_project(
    door: Proxies, cloud: RecordedCloud, make_spec: Callable[..., ServerSpec], huge: str, stage: OpenStackStage
) -> None:
    door.cut = 3
    owner = Owner(str(uuid.uuid4()), "paged")
    own(owner)
    insist(cloud.tenants.of, owner)
    for number in range(5):
        wish = {"name": f"{keypair_prefix(owner)}{number}", "public_key": make_spec(stage).public_keys[0]}
        cloud.client.request("compute", "POST", "/os-keypairs", json={"keypair": wish})
    insist(cloud.ensure_owner_gone, owner)
    rows = stage.cloud.client.request("compute", "GET", "/os-keypairs").json()["keypairs"]
    assert not [row for row in rows if row["keypair"]["name"].startswith(keypair_prefix(owner))]
