"""A project per student: found again, never made twice, readable, limited, and gone without a trace."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from cloud.contract import CloudRefused, Owner, Quota, ServerSpec
from cloud.openstack.security_groups import GROUP
from cloud.openstack.tenants import Tenant
from tests.cloud.local_stage import insist
from tests.openstack.census import belonging, census
from tests.openstack.openstack_stage import AGENT, OpenStackStage, open_cloud, own, until

Specs = Callable[..., ServerSpec]

pytestmark = pytest.mark.xdist_group("api")


@pytest.fixture(scope="module")
def settled() -> Owner:
    """A student whose project each test here leaves right. To make one costs Neutron some thirty rules."""
    return Owner(str(uuid.uuid4()), "settled-student", Quota(servers=2, vcpus=3, ram_mb=1024))


def project_of(owner: Owner, cloud: Any = None) -> str:
    """Make or find the owner's project, in a cloud that has not seen it before unless one is given."""
    own(owner)
    found: str = insist((cloud or open_cloud()).tenants.of, owner).project
    return found


def groups(stage: OpenStackStage, project: str) -> list[Any]:
    return [one for one in stage.admin.network.security_groups(project_id=project) if one.name == GROUP]


def ingress(group: Any) -> list[tuple[str, str | None]]:
    rules = [rule for rule in group.security_group_rules if rule["direction"] == "ingress"]
    return [(rule["ethertype"], rule["remote_ip_prefix"]) for rule in rules]


def test_a_new_process_finds_the_same_project(settled: Owner) -> None:
    assert project_of(settled) == project_of(settled)


def test_eight_processes_at_once_make_one(stage: OpenStackStage, new_owner: Owner) -> None:
    clouds = [open_cloud() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda cloud: project_of(new_owner, cloud), clouds))
    tagged = list(stage.admin.identity.projects(tags=f"minga-owner-{new_owner.key}"))
    assert found == {project.id for project in tagged}
    assert len(found) == 1


def test_eight_threads_of_one_process_make_one_group(stage: OpenStackStage, new_owner: Owner) -> None:
    cloud = open_cloud()
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: project_of(new_owner, cloud), range(8)))
    assert len(groups(stage, found.pop())) == 1


def test_it_is_found_by_its_name_when_somebody_took_its_tags_away(stage: OpenStackStage, settled: Owner) -> None:
    project = project_of(settled)
    stage.admin.identity.put(f"/projects/{project}/tags", json={"tags": []})
    assert project_of(settled) == project
    assert f"minga-owner-{settled.key}" in stage.admin.identity.get_project(project).tags


def test_its_name_can_be_read(stage: OpenStackStage) -> None:
    owner = Owner(str(uuid.uuid4()), "osci ñandú/admin")
    name = stage.admin.identity.get_project(project_of(owner)).name
    assert name == f"minga-osci-ñandú-admin-{owner.key[:8]}"


def test_a_student_who_is_renamed_keeps_the_project(settled: Owner) -> None:
    assert project_of(settled) == project_of(replace(settled, name="osci-renamed"))


def test_only_the_agent_is_let_in(stage: OpenStackStage, settled: Owner) -> None:
    (group,) = groups(stage, project_of(settled))
    assert ingress(group) == [("IPv4", f"{AGENT}/32")]


def test_a_rule_that_somebody_added_is_taken_away_again(stage: OpenStackStage, settled: Owner) -> None:
    project = project_of(settled)
    (group,) = groups(stage, project)
    stage.admin.network.create_security_group_rule(security_group_id=group.id, direction="ingress", project_id=project)
    project_of(settled)
    assert ingress(groups(stage, project)[0]) == [("IPv4", f"{AGENT}/32")]


def test_the_quota_is_written_to_nova_and_to_neutron(stage: OpenStackStage, settled: Owner) -> None:
    project = project_of(settled)
    nova = stage.admin.compute.get(f"/os-quota-sets/{project}").json()["quota_set"]
    neutron = stage.admin.network.get(f"/quotas/{project}").json()["quota"]
    assert (nova["instances"], nova["cores"], nova["ram"], neutron["port"]) == (2, 3, 1024, 4)


def test_a_lower_quota_is_written_although_more_is_in_use(
    stage: OpenStackStage, new_owner: Owner, make_spec: Specs
) -> None:
    server = insist(stage.cloud.ensure_server, make_spec(stage, owner=new_owner))
    insist(stage.cloud.ensure_quota, replace(new_owner, quota=Quota(0, 0, 0)))
    nova = stage.admin.compute.get(f"/os-quota-sets/{server.project or project_of(new_owner)}").json()["quota_set"]
    assert (nova["instances"], nova["cores"], nova["ram"]) == (0, 0, 0)


def test_who_leaves_leaves_nothing(stage: OpenStackStage, new_owner: Owner, make_spec: Specs) -> None:
    before = census(stage)
    server = insist(stage.cloud.ensure_server, make_spec(stage, owner=new_owner))
    stage.settle()
    insist(stage.cloud.ensure_shelved, server.id)
    stage.settle()
    projects = {stage.row(server)["tenant_id"], stage.cloud.client.project_id}
    marks = {server.id, new_owner.key[:8]}
    assert {one.what for one in belonging(census(stage) - before, projects, marks)} >= {"server", "image", "project"}
    insist(stage.cloud.ensure_deleted, server.id)
    stage.settle()
    until(lambda: leaves(stage, new_owner), "their project is empty")
    assert not belonging(census(stage) - before, projects, marks)


def leaves(stage: OpenStackStage, owner: Owner) -> bool:
    """Ports and images go a moment after their server: as the portal does, later again."""
    try:
        insist(stage.cloud.ensure_owner_gone, owner)
    except CloudRefused:
        return False
    return True


def test_a_project_with_a_server_is_not_deleted(
    stage: OpenStackStage, new_owner: Owner, make_spec: Specs, huge: str
) -> None:
    server = insist(stage.cloud.ensure_server, make_spec(stage, owner=new_owner, flavor_id=huge))
    with pytest.raises(CloudRefused, match="still has servers"):
        insist(stage.cloud.ensure_owner_gone, new_owner)
    assert stage.cloud.find_server(server.machine, Owner(server.owner))


def test_what_it_was_told_spares_a_new_process_the_search(
    stage: OpenStackStage, make_spec: Callable[..., ServerSpec], new_owner: Owner, huge: str
) -> None:
    first = insist(stage.cloud.ensure_server, make_spec(stage, owner=new_owner, flavor_id=huge))
    process = open_cloud()
    process.flavors()
    calls = dict(process.client.calls)
    told = replace(new_owner, tenant=first.tenant)
    insist(process.ensure_server, make_spec(stage, owner=told, flavor_id=huge, is_new=True))
    spent = {name: count - calls.get(name, 0) for name, count in process.client.calls.items()}
    assert spent.get("identity", 0) == 0
    assert spent["compute"] == 1
    process.close()


def test_a_note_that_is_out_of_date_is_no_harm(
    stage: OpenStackStage, make_spec: Callable[..., ServerSpec], new_owner: Owner, huge: str
) -> None:
    first = insist(stage.cloud.ensure_server, make_spec(stage, owner=new_owner, flavor_id=huge))
    _, _, digest = first.tenant.split(":")
    for wrong in (f"{'0' * 32}:{'0' * 32}:{digest}", f"{first.project}:{uuid.uuid4()}:{digest}", "nonsense"):
        process = open_cloud()
        spec = make_spec(stage, owner=replace(new_owner, tenant=wrong), flavor_id=huge)
        made = insist(process.ensure_server, spec)
        assert (made.project, made.tenant) == (first.project, first.tenant)
        process.close()


def left_in_neutron(stage: OpenStackStage, project: str) -> list[str]:
    """List all groups and filter here: to ask for those of one project makes Neutron give it a default group."""
    return [group.name for group in stage.admin.network.security_groups() if group.project_id == project]


def test_of_a_project_that_was_deleted_by_hand_nothing_stays(stage: OpenStackStage, new_owner: Owner) -> None:
    own(new_owner)
    tenant = insist(stage.cloud.tenants.of, new_owner)
    stage.admin.network.get("/security-groups", params={"project_id": tenant.project})
    stage.admin.identity.delete_project(tenant.project)
    assert sorted(left_in_neutron(stage, tenant.project)) == ["default", GROUP]
    insist(open_cloud().ensure_owner_gone, replace(new_owner, tenant=tenant.as_text))
    assert left_in_neutron(stage, tenant.project) == []


def test_a_launch_in_its_place_clears_it_too(stage: OpenStackStage, new_owner: Owner) -> None:
    own(new_owner)
    first = insist(stage.cloud.tenants.of, new_owner)
    stage.admin.identity.delete_project(first.project)
    cloud = open_cloud()
    told = replace(new_owner, tenant=first.as_text)
    cloud.tenants.forget(told)
    assert insist(cloud.tenants.of, told).project != first.project
    assert left_in_neutron(stage, first.project) == []


def test_a_project_that_only_lost_its_tags_is_left_alone(stage: OpenStackStage, settled: Owner) -> None:
    own(settled)
    tenant = insist(stage.cloud.tenants.of, settled)
    stage.admin.identity.put(f"/projects/{tenant.project}/tags", json={"tags": []})
    insist(open_cloud().ensure_owner_gone, replace(settled, tenant=tenant.as_text))
    assert GROUP in left_in_neutron(stage, tenant.project)
    stage.admin.identity.put(f"/projects/{tenant.project}/tags", json={"tags": ["minga", f"minga-owner-{settled.key}"]})


# ---- where guests may go ----


def egress(group: Any) -> set[str | None]:
    rules = [rule for rule in group.security_group_rules if rule["direction"] == "egress"]
    return {rule["remote_ip_prefix"] for rule in rules if rule["ethertype"] == "IPv4" and not rule["protocol"]}


def test_a_project_of_an_older_minga_is_brought_up_to_date(stage: OpenStackStage, new_owner: Owner) -> None:
    """The agent's address is left out of its way out."""
    old = Tenant(*insist(open_cloud().tenants.of, own_of(new_owner)).as_text.split(":"))
    assert egress(groups(stage, old.project)[0]) == {None}
    told = insist(open_cloud(blocked=None).ensure_rules, replace(new_owner, tenant=old.as_text))
    whole = [ip_network(cidr) for cidr in egress(groups(stage, old.project)[0]) if cidr]
    assert (len(whole), sum(network.num_addresses for network in whole)) == (32, 2**32 - 1)
    assert not any(ip_address(AGENT) in network for network in whole)
    assert told.split(":")[:2] == old.as_text.split(":")[:2]
    assert told != old.as_text


def test_one_that_is_up_to_date_costs_no_call(settled: Owner) -> None:
    tenant = insist(open_cloud().tenants.of, own_of(settled)).as_text
    cloud = open_cloud()
    assert insist(cloud.ensure_rules, replace(settled, tenant=tenant)) == tenant
    assert cloud.client.calls == {}


def test_more_rules_than_neutron_allows_find_room(stage: OpenStackStage, new_owner: Owner) -> None:
    many = [f"{number}.77.0.{number}/32" for number in range(11, 211, 40)]
    project = project_of(new_owner, open_cloud(blocked=many))
    assert len(egress(groups(stage, project)[0])) > 100


def own_of(owner: Owner) -> Owner:
    own(owner)
    return owner
