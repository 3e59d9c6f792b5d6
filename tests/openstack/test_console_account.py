"""An account for consoles as docs/admin/roles.md makes it: it reads them in students' projects, and is no administrator anywhere."""

import uuid
from collections.abc import Iterator

import openstack
import pytest

from cloud.contract import CloudError, CloudRefused, Server
from cloud.openstack import OpenStackCloud
from cloud.openstack.doctor import checks_consoles
from tests.openstack.openstack_stage import CLOUD, OpenStackStage, until

pytestmark = pytest.mark.xdist_group("api")
WIDE = "[oslo_policy]\nenforce_new_defaults = true"  # what mends an account that may do more than read


@pytest.fixture
def account(stage: OpenStackStage) -> Iterator[OpenStackCloud]:
    """Make it. With Zed's defaults its role suffices; with the new ones Nova must have been told of it, as that page says."""
    identity, name = stage.admin.identity, f"minga-live-{uuid.uuid4().hex[:8]}"
    known = openstack.config.OpenStackConfig().get_one(CLOUD).config
    domain = stage.cloud.client.domain_id
    project = identity.create_project(name=name, domain_id=domain)
    user = identity.create_user(name=name, password=name, domain_id=domain)
    known_role = next(identity.roles(name=checks_consoles.ROLE), None)
    role = known_role or identity.create_role(name=checks_consoles.ROLE)
    identity.put(f"/projects/{project.id}/users/{user.id}/roles/{role.id}")
    identity.put(f"/OS-INHERIT/domains/{domain}/users/{user.id}/roles/{role.id}/inherited_to_projects")
    auth = {"auth_url": known["auth"]["auth_url"], "user_id": user.id, "password": name, "project_id": project.id}
    cloud = OpenStackCloud(
        None, auth=auth, load_yaml_config=False, load_envvars=False, region_name=known["region_name"]
    )
    yield cloud
    cloud.close()
    identity.delete_user(user)
    if not known_role:
        identity.delete_role(role)
    identity.delete_project(project)


@pytest.mark.guest
def test_it_reads_a_students_console_and_administers_nothing(
    stage: OpenStackStage, account: OpenStackCloud, server: Server
) -> None:
    project = stage.look(server).project
    until(lambda: "ready" in account.console_log(server.id, project=project), "the log is read")
    assert account.serial_console(server.id, project=project) is None
    for administers in (account.list_servers, account.hosts, lambda: account.console_log(server.id)):
        with pytest.raises(CloudError):
            administers()
    with pytest.raises(CloudRefused):
        account.client.request("compute", "GET", f"/servers/{server.id}/diagnostics", project=project)
    rows = list(checks_consoles.look(account, (server.id, project)))
    assert [row.ok for row in rows if row.mend != WIDE] in (["right"] * 5, ["right"] * 4), rows
