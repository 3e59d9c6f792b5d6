"""The list of everybody's servers, page by page; and Nova's answer about a server that its host does not have yet."""

import uuid
from collections.abc import Callable, Iterator

import pytest

from cloud.contract import CloudGone, Server, ServerSpec, Status
from cloud.openstack import openstack_cloud
from tests.cloud.local_stage import insist
from tests.openstack.openstack_stage import OpenStackStage, made, until
from tests.openstack.pool import Pool

Specs = Callable[..., ServerSpec]

pytestmark = pytest.mark.xdist_group("api")


@pytest.fixture(scope="module")
def stranger(stage: OpenStackStage) -> Iterator[str]:
    """Make somebody else's server, beside the portal. Return its id."""
    server = stage.admin.compute.create_server(
        name="not-ours", image_id=stage.image_id, flavor_id=stage.flavor_id, networks="none"
    )
    made.add(server.id)
    stage.kept.add(server.id)
    stage.settle()  # of one that is deleted before a host has it, no list of changes tells anything
    yield server.id
    stage.kept.discard(server.id)
    insist(stage.cloud.ensure_deleted, server.id)


def test_other_peoples_servers_are_listed_and_are_no_machines(stage: OpenStackStage, stranger: str) -> None:
    found = {one.id: one for one in stage.cloud.list_servers().servers}[stranger]
    assert (found.machine, found.owner, found.name) == ("", "", "not-ours")


@pytest.mark.alone  # a page cannot be followed by another when its last server is deleted meanwhile
def test_a_list_of_many_pages_is_one_list(
    stage: OpenStackStage, server: Server, stranger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = stage.cloud.list_servers().cursor
    monkeypatch.setattr(openstack_cloud, "PAGE", 1)
    found = [one.id for one in stage.cloud.list_servers().servers]
    assert len(found) == len(set(found))
    assert {server.id, stranger} <= set(found)
    stage.cloud.ensure_renamed(server.id, f"page-{uuid.uuid4().hex[:6]}")
    until(lambda: server.id in told(stage, cursor), "changes are told page by page, too")


def test_a_stranger_that_was_deleted_is_told_by_its_id(stage: OpenStackStage, stranger: str) -> None:
    """Runs last of the tests with the stranger, since it deletes it."""
    cursor = stage.cloud.list_servers().cursor
    insist(stage.cloud.ensure_deleted, stranger)
    until(lambda: told(stage, cursor).get(stranger) == Status.DELETED, "it is told as deleted")


def told(stage: OpenStackStage, cursor: str) -> dict[str, Status]:
    return {one.id: one.status for one in stage.cloud.list_servers(cursor).servers}


@pytest.mark.alone  # another's server that breaks costs a call, too
def test_a_quiet_list_is_one_call(stage: OpenStackStage) -> None:
    stage.cloud.list_servers()  # asks Neutron about addresses that this worker has not seen yet
    before = dict(stage.cloud.client.calls)
    stage.cloud.list_servers()
    now = stage.cloud.client.calls
    assert {name: now[name] - before.get(name, 0) for name in now if now[name] != before.get(name, 0)} == {"compute": 1}


def test_one_that_is_being_built_has_nothing_to_say_and_is_not_gone(
    stage: OpenStackStage, make_spec: Specs, pool: Pool
) -> None:
    server = insist(stage.cloud.ensure_server, make_spec(stage))
    for _ in range(10):
        assert isinstance(stage.cloud.console_log(server.id), str)
    pool.give_back(server)


def test_one_that_was_never_there_is_gone(stage: OpenStackStage) -> None:
    for verb in (stage.cloud.console_log, stage.cloud.serial_console, stage.cloud.console_url):
        with pytest.raises(CloudGone):
            verb(str(uuid.uuid4()))


def test_a_launch_of_a_known_student_is_one_call(stage: OpenStackStage, make_spec: Specs, huge: str) -> None:
    insist(stage.cloud.ensure_server, make_spec(stage, flavor_id=huge))
    before = dict(stage.cloud.client.calls)
    stage.cloud.ensure_server(make_spec(stage, flavor_id=huge, is_new=True))
    now = stage.cloud.client.calls
    assert {name: now[name] - before.get(name, 0) for name in now if now[name] != before.get(name, 0)} == {"compute": 1}


@pytest.mark.alone  # another's server that breaks costs a call, too
def test_that_no_host_has_room_is_told_in_a_list(stage: OpenStackStage, make_spec: Specs, huge: str) -> None:
    """Nova's own list leaves this fault out where its API reads another database than the one for failed launches."""
    server = insist(stage.cloud.ensure_server, make_spec(stage, flavor_id=huge))
    until(lambda: stage.listed(server).status == Status.ERROR, "Nova gives up")
    until(lambda: stage.listed(server).full, "the list says why")
    calls = stage.cloud.client.calls["compute"]
    assert stage.listed(server).full
    assert stage.cloud.client.calls["compute"] == calls + 1
