"""The portal's account with exactly the role that docs/admin/roles.md asks for: the whole life works; without it, it does not."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import openstack
import pytest

from cloud.contract import CloudError, CloudRefused, Owner, Quota, Server, ServerSpec, Status
from tests.cloud.local_stage import insist
from tests.openstack.openstack_stage import CLOUD, OpenStackStage, RecordedCloud, open_cloud, until

Specs = Callable[..., ServerSpec]
Open = Callable[..., RecordedCloud]

pytestmark = pytest.mark.xdist_group("api")


@pytest.fixture
def with_roles(stage: OpenStackStage) -> Iterator[Open]:
    """Open the cloud as a new account that has these roles on its own project, and those on the domain."""
    identity, name = stage.admin.identity, f"minga-least-{uuid.uuid4().hex[:8]}"
    known = openstack.config.OpenStackConfig().get_one(CLOUD).config
    domain = stage.cloud.client.domain_id
    project = identity.create_project(name=name, domain_id=domain)
    user = identity.create_user(name=name, password=name, domain_id=domain)

    def open_with(*roles: str, on_domain: tuple[str, ...] = ()) -> RecordedCloud:
        for path, names in ((f"/projects/{project.id}", roles), (f"/domains/{domain}", on_domain)):
            for role in names:
                identity.put(f"{path}/users/{user.id}/roles/{stage.role(role)}")
        auth = {
            "auth_url": known["auth"]["auth_url"],
            "user_id": user.id,
            "password": name,
            "project_id": project.id,
        }
        settings = {"load_yaml_config": False, "load_envvars": False, "region_name": known["region_name"]}
        return open_cloud(None, auth=auth, **settings)

    yield open_with
    identity.delete_user(user)
    identity.delete_project(project)


def test_admin_on_its_own_project_is_enough_for_the_whole_life(
    stage: OpenStackStage, with_roles: Open, make_spec: Specs, new_owner: Owner
) -> None:
    cloud = with_roles("admin")
    owner = Owner(new_owner.key, new_owner.name, Quota(2, 4, 1024))
    spec = make_spec(stage, owner=owner, is_new=True, image_id=stage.linux_id)
    server = insist(cloud.ensure_server, spec)
    stage.settle()
    sleeps_and_wakes(cloud, stage, server)
    insist(cloud.ensure_rebuilt, server.id, spec, 1)
    stage.settle()
    until(lambda: "ready" in cloud.console_log(server.id), "it has booted")
    insist(cloud.ensure_restarted, server.id, 1)
    stage.settle()
    assert cloud.diagnostics([server.id])[server.id].cpu_seconds is not None
    assert "token" in cloud.console_url(server.id)
    assert server.id in {one.id for one in cloud.list_servers().servers}
    assert all(host.heard_at for host in cloud.hosts())
    assert cloud.room().vcpus
    host = next(host.name for host in cloud.hosts() if host.enabled)
    for weight in (0.5, 1.0):
        insist(cloud.set_host_weight, host, weight)
    insist(cloud.set_host_enabled, host, True)  # it is enabled already: nothing changes for other tests
    copy = a_copy(cloud, stage, server.id, make_spec, owner)
    for one in (server.id, copy):
        insist(cloud.ensure_deleted, one)
    stage.settle()
    insist(cloud.ensure_quota, Owner(owner.key, owner.name, Quota(1, 1, 256)))
    until(lambda: leaves(cloud, owner), "their project is gone")


def sleeps_and_wakes(cloud: RecordedCloud, stage: OpenStackStage, server: Server) -> None:
    for verb, status in (
        (cloud.ensure_suspended, Status.SUSPENDED),
        (cloud.ensure_running, Status.ACTIVE),
        (cloud.ensure_shelved, Status.SHELVED),
        (cloud.ensure_running, Status.ACTIVE),
    ):
        insist(verb, server.id)
        stage.settle()
        assert stage.look(server).status == status


def a_copy(cloud: RecordedCloud, stage: OpenStackStage, server_id: str, make_spec: Specs, owner: Owner) -> str:
    """A server from a snapshot; the image is the portal's own, and is lent to the student's project."""
    image = insist(cloud.ensure_snapshot, server_id, "least-roles")
    until(lambda: any(one.id == image.id and one.ready for one in cloud.images()), "the snapshot is there")
    made = insist(cloud.ensure_server, make_spec(stage, owner=owner, image_id=image.id))
    stage.settle()
    assert stage.look(made).status == Status.ACTIVE
    insist(cloud.ensure_image_deleted, image.id)
    copy: str = made.id
    return copy


def leaves(cloud: RecordedCloud, owner: Owner) -> bool:
    try:
        insist(cloud.ensure_owner_gone, owner)
    except CloudRefused:
        return False
    return True


@pytest.mark.parametrize("roles", [("member",), ("reader",), ("member", "reader")], ids="+".join)
def test_less_than_admin_sees_no_other_project_s_servers(with_roles: Open, roles: tuple[str, ...]) -> None:
    with pytest.raises(CloudRefused):
        with_roles(*roles).list_servers()


@pytest.mark.parametrize("roles", [("member",), ("reader",)], ids="+".join)
def test_less_than_admin_makes_no_project(
    stage: OpenStackStage, with_roles: Open, make_spec: Specs, new_owner: Any, roles: tuple[str, ...]
) -> None:
    with pytest.raises(CloudRefused):
        with_roles(*roles).ensure_server(make_spec(stage, owner=new_owner, is_new=True))


def test_admin_on_the_domain_alone_does_not_sign_in(with_roles: Open) -> None:
    with pytest.raises(CloudError):
        with_roles(on_domain=("admin",)).list_servers()


def test_less_than_admin_sees_no_computers(with_roles: Open) -> None:
    cloud = with_roles("member")
    for look in (cloud.hosts, cloud.room):
        with pytest.raises(CloudRefused):
            look()
