"""The cloud's own people at work beside us, and a cloud whose parts fail: seen by the cloud's door."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from cloud.contract import CloudBusy, CloudRefused, Owner, Server, ServerSpec, Status
from tests.cloud.local_stage import insist
from tests.openstack.guests import inside_cloud
from tests.openstack.openstack_stage import OpenStackStage, until

RABBIT = "/var/lib/labcloud/qemu/pid/rabbitmq"

Specs = Callable[..., ServerSpec]

pytestmark = pytest.mark.xdist_group("lives")


@pytest.fixture
def theirs(stage: OpenStackStage, make_spec: Specs, new_owner: Owner) -> Server:
    """A new student's server, in a project of its own."""
    return insist(stage.cloud.ensure_server, make_spec(stage, owner=new_owner))


# ---- what a student does in Horizon ----


def test_a_server_that_is_tagged_as_somebody_else_s_machine_is_not_theirs(
    stage: OpenStackStage, theirs: Server, server: Server
) -> None:
    assert stage.cloud.find_server(theirs.machine, Owner(server.owner)) is None
    assert stage.cloud.find_server(theirs.machine, Owner(theirs.owner))
    assert stage.cloud.find_server(theirs.machine, Owner(server.owner), theirs.project)


# ---- what an admin does in Horizon ----


def test_a_server_in_error_says_so_and_runs_again_when_it_is_mended(stage: OpenStackStage, server: Server) -> None:
    stage.by_hand(server, "os-resetState", {"state": "error"})
    assert stage.listed(server).status == Status.ERROR
    with pytest.raises(CloudRefused):
        insist(stage.cloud.ensure_running, server.id)
    stage.by_hand(server, "os-resetState", {"state": "active"})
    insist(stage.cloud.ensure_running, server.id)


def test_one_that_somebody_locked_is_ours_to_use(stage: OpenStackStage, server: Server) -> None:
    """A lock is against users; the portal has an administrator's role."""
    stage.by_hand(server, "lock")
    insist(stage.cloud.ensure_suspended, server.id)
    stage.settle()
    stage.by_hand(server, "unlock")
    insist(stage.cloud.ensure_running, server.id)


# ---- projects ----


def test_a_project_that_was_deleted_under_us_is_made_again(
    stage: OpenStackStage, theirs: Server, make_spec: Specs, new_owner: Owner, huge: str
) -> None:
    stage.settle()
    old = stage.row(theirs)["tenant_id"]
    stage.admin.identity.delete_project(old)
    # Nova believes a token that it has seen for five minutes more; then we sign in anew.
    stage.cloud.client.sign_out(old)
    made = insist(stage.cloud.ensure_server, make_spec(stage, owner=new_owner, flavor_id=huge))
    assert stage.row(made)["tenant_id"] != old
    insist(stage.cloud.ensure_suspended, theirs.id)
    stage.settle()
    insist(stage.cloud.ensure_deleted, theirs.id)
    stage.settle()
    assert stage.cloud.find_server(theirs.machine, Owner(theirs.owner)) is None


def test_a_server_without_a_project_can_be_put_away(stage: OpenStackStage, theirs: Server) -> None:
    stage.settle()
    stage.admin.identity.delete_project(stage.row(theirs)["tenant_id"])
    insist(stage.cloud.ensure_shelved, theirs.id)
    stage.settle()
    assert stage.look(theirs).status == Status.SHELVED


def test_a_role_that_was_taken_away_is_given_again(
    stage: OpenStackStage, make_spec: Specs, new_owner: Owner, huge: str
) -> None:
    spec = make_spec(stage, owner=new_owner, flavor_id=huge)
    project = stage.row(insist(stage.cloud.ensure_server, spec))["tenant_id"]
    role = stage.role("member")
    stage.admin.identity.delete(f"/projects/{project}/users/{stage.cloud.client.user_id}/roles/{role}")
    made = insist(stage.cloud.ensure_server, make_spec(stage, owner=new_owner, flavor_id=huge))
    assert stage.row(made)["tenant_id"] == project


# ---- RabbitMQ ----


@pytest.fixture
def rabbit(stage: OpenStackStage) -> Iterator[Callable[[str], None]]:
    """Stop and continue it: without it the parts of Nova cannot talk to each other. Calls are given three seconds, not twenty."""
    pid = inside_cloud("cat", RABBIT).stdout.split()[0]
    stage.cloud.client.longest, whole = 3.0, stage.cloud.client.longest
    yield lambda signal: _signal(pid, signal)
    _signal(pid, "CONT")
    stage.cloud.client.longest = whole


def _signal(pid: str, signal: str) -> None:
    done = inside_cloud("pkill", f"-{signal}", "-P", pid)
    assert done.returncode == 0, done.stderr


@pytest.mark.alone
def test_a_wish_while_rabbitmq_is_down_comes_true_afterwards(
    stage: OpenStackStage, server: Server, rabbit: Callable[[str], None]
) -> None:
    rabbit("STOP")
    with suppress(CloudBusy):
        stage.cloud.ensure_suspended(server.id)
    assert stage.look(server).status == Status.ACTIVE
    assert stage.cloud.diagnostics([server.id]) == {}
    rabbit("CONT")
    until(lambda: asleep(stage, server), "it sleeps after all")
    insist(stage.cloud.ensure_running, server.id)


def asleep(stage: OpenStackStage, server: Server) -> bool:
    with suppress(CloudBusy):
        stage.cloud.ensure_suspended(server.id)
    return stage.look(server).status == Status.SUSPENDED


@pytest.mark.alone
def test_a_launch_while_rabbitmq_is_down_is_one_server_afterwards(
    stage: OpenStackStage, make_spec: Specs, rabbit: Callable[[str], None]
) -> None:
    spec = make_spec(stage)
    rabbit("STOP")
    for _ in range(2):
        with suppress(CloudBusy):
            stage.cloud.ensure_server(spec)
    rabbit("CONT")
    insist(stage.cloud.ensure_server, spec)
    until(lambda: [s.status for s in stage.servers() if s.machine == spec.machine] == [Status.ACTIVE], "one runs")
