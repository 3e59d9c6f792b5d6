"""Keystone users that the portal makes for students: the contract on the real cloud, and what only Keystone and Nova have."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import openstack
import pytest

from cloud.contract import CloudLimit, CloudRefused, MadeUser, Owner, Quota, UserSpec
from cloud.keystone_people import KeystonePeople
from cloud.openstack.owner_users import OWNER
from tests.cloud.local_stage import insist
from tests.cloud.test_contract_users import *  # noqa: F403
from tests.cloud.test_contract_users import PASSWORD
from tests.openstack.openstack_stage import CLOUD, OpenStackStage, until
from tests.openstack.test_least_roles import leaves
from tests.waiting import PATIENCE

pytestmark = pytest.mark.xdist_group("api")
Make = Callable[..., MadeUser]


@pytest.fixture(scope="module", autouse=True)
def with_people(stage: OpenStackStage) -> None:
    """Let the stage check passwords as the portal's sign-in does."""
    auth = openstack.config.OpenStackConfig().get_one(CLOUD).config["auth"]
    stage.people, stage.domain = KeystonePeople(auth["auth_url"], seconds=PATIENCE), "Default"  # type: ignore[attr-defined]


def as_student(user: UserSpec, project: str) -> Any:
    """Open the cloud as the student does, with the name and password of Horizon."""
    known = openstack.config.OpenStackConfig().get_one(CLOUD).config
    auth = {
        "auth_url": known["auth"]["auth_url"],
        "username": user.name,
        "password": PASSWORD,
        "user_domain_name": "Default",
        "project_id": project,
    }
    return openstack.connect(load_yaml_config=False, load_envvars=False, region_name=known["region_name"], auth=auth)


def test_it_is_a_member_of_its_own_project_alone(
    stage: OpenStackStage, user: UserSpec, lone_owner: Owner, make: Make
) -> None:
    made = make()
    rows = stage.admin.identity.get("/role_assignments", params={"user.id": made.id, "include_names": True}).json()
    [row] = rows["role_assignments"]
    assert row["role"]["name"] == "member"
    assert row["scope"]["project"]["name"].endswith(lone_owner.key[:8])
    assert list(as_student(user, row["scope"]["project"]["id"]).compute.servers()) == []


def test_it_sees_nobody_else_s_servers_and_is_no_administrator(
    stage: OpenStackStage, user: UserSpec, make: Make
) -> None:
    cloud = as_student(user, make().tenant.partition(":")[0])
    for service, path in (
        ("compute", "/servers?all_tenants=1"),
        ("identity", "/users"),
        ("compute", "/os-hypervisors"),
    ):
        assert getattr(cloud, service).get(path).status_code == 403, path


def test_a_project_that_was_deleted_by_hand_is_made_again_with_the_role(
    stage: OpenStackStage, user: UserSpec, lone_owner: Owner, make: Make
) -> None:
    first = make()
    stage.admin.identity.delete_project(first.tenant.partition(":")[0])
    again = insist(stage.cloud.ensure_user, replace(lone_owner, tenant=first.tenant), replace(user, id=first.id))
    project = again.tenant.partition(":")[0]
    assert again.id == first.id
    assert project != first.tenant.partition(":")[0]
    assert list(as_student(user, project).compute.servers()) == []


def test_what_is_made_in_horizon_is_held_by_the_project_s_quota(
    stage: OpenStackStage, user: UserSpec, lone_owner: Owner, make: Make, make_spec: Callable[..., Any]
) -> None:
    """The limit is one for both: a server of the student's own leaves no room for one of Minga's."""
    made = make()
    limited = replace(lone_owner, tenant=made.tenant, quota=Quota(1, 4, 1024))
    insist(stage.cloud.ensure_quota, limited)
    theirs = as_student(user, made.tenant.partition(":")[0])
    facts = {"flavor_id": stage.flavor_id, "image_id": stage.image_id, "networks": [{"uuid": stage.cloud.network.id}]}
    server = theirs.compute.create_server(name="by-hand", **facts)
    try:
        with pytest.raises(openstack.exceptions.ForbiddenException, match="Quota exceeded"):
            theirs.compute.create_server(name="one-more", **facts)
        with pytest.raises(CloudLimit):
            insist(stage.cloud.ensure_server, make_spec(stage, owner=limited))
    finally:
        insist(stage.cloud.ensure_deleted, server.id)
        until(lambda: leaves(stage.cloud, limited), "the project is empty")


def test_a_user_whose_note_of_its_owner_is_gone_is_left_alone(
    stage: OpenStackStage, user: UserSpec, make: Make
) -> None:
    """A name alone makes nobody ours: an operator may have one of that name."""
    made = make()
    stage.admin.identity.patch(f"/users/{made.id}", json={"user": {OWNER: "an operator's"}})
    with pytest.raises(CloudRefused):
        make()
    stage.admin.identity.delete_user(made.id)


def test_a_domain_that_is_not_there_is_refused_in_words(make: Make) -> None:
    with pytest.raises(CloudRefused, match="no domain named elsewhere"):
        make(domain="elsewhere")
