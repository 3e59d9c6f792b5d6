"""List all things in the cloud as its administrator sees them, and those of one owner: others work on the same cloud."""

from collections.abc import Collection
from typing import Any, NamedTuple

from cloud.openstack.cluster import ARCHIVE, SNAPSHOT
from tests.openstack.openstack_stage import OpenStackStage


class Thing(NamedTuple):
    """`mark`: what tells whose it is where the project does not; "" where nothing does."""

    what: str
    project: str
    id: str
    mark: str = ""


def census(stage: OpenStackStage) -> set[Thing]:
    """List everything in the cloud that a test could leave behind."""
    return {*_of_nova(stage), *_of_neutron(stage), *_of_glance(stage), *_of_keystone(stage)}


def belonging(things: Collection[Thing], projects: Collection[str], marks: Collection[str]) -> set[Thing]:
    """The things in one of these projects that are not marked as somebody else's."""
    return {one for one in things if one.project in projects and (not one.mark or one.mark in marks)}


def _of_nova(stage: OpenStackStage) -> set[Thing]:
    """Keypairs are of whoever asks for a server, so they are the portal's; their name tells the student's key in short."""
    rows = _rows(stage.admin.compute, "/servers/detail?all_tenants=1", "servers")
    pairs = stage.cloud.client.request("compute", "GET", "/os-keypairs").json()["keypairs"]
    names = [row["keypair"]["name"] for row in pairs]
    keys = {Thing("keypair", stage.cloud.client.project_id, name, _owner_in(name)) for name in names}
    return {Thing("server", row["tenant_id"], row["id"]) for row in rows} | keys


def _owner_in(name: str) -> str:
    parts = name.split("-")
    return parts[1] if parts[0] == "minga" and len(parts) > 1 else ""


def _of_neutron(stage: OpenStackStage) -> set[Thing]:
    ports = _rows(stage.admin.network, "/ports", "ports")
    groups = _rows(stage.admin.network, "/security-groups", "security_groups")
    return {
        *(Thing("port", row["project_id"], row["id"]) for row in ports),
        *(Thing("group", row["project_id"], row["id"]) for row in groups),
    }


def _of_glance(stage: OpenStackStage) -> set[Thing]:
    rows = _rows(stage.admin.image, "/images?limit=1000", "images")
    shared = stage.cloud.client.project_id
    return {Thing("image", row["owner"], row["id"], _mark_of_image(row, shared)) for row in rows}


def _mark_of_image(row: dict[str, Any], shared: str) -> str:
    """The server that it was made from; the name of one in the portal's own project that was made from none: another test's, beside this one."""
    server = row.get("instance_uuid") or row.get(ARCHIVE) or row.get(SNAPSHOT) or ""
    return str(server or (row["name"] if row["owner"] == shared else ""))


def _of_keystone(stage: OpenStackStage) -> set[Thing]:
    rows = _rows(stage.admin.identity, "/projects", "projects")
    return {Thing("project", row["id"], row["id"]) for row in rows}


def _rows(service: Any, path: str, name: str) -> list[dict[str, Any]]:
    answer = service.get(path)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()[name]
    return rows
