"""Archives on OpenStack: which calls are made of a server that is put away, of one that is not, and of Glance's answers."""

from typing import Any, cast

import pytest
import requests

from cloud.contract import CloudBusy, CloudGone, CloudRefused
from cloud.openstack import cluster, images
from cloud.openstack.archives import Archives
from cloud.openstack.server_actions import ServerActions
from tests.cloud.scripted import ScriptedClient

SERVER = {
    "id": "s",
    "status": "SHELVED_OFFLOADED",
    "OS-EXT-STS:task_state": None,
    "image": {"id": "i"},
    "tenant_id": "p",
}
KEPT = {
    "id": "k", "name": "red-fox-shelved", "status": "active", "protected": False, "created_at": "2026-01-02T00:00:00Z",
    "visibility": "private", "owner": "student",
}  # fmt: skip


def archives(client: ScriptedClient, *found: dict[str, Any], **server: Any) -> Archives:
    client.answers |= {"/servers/s": {"server": {**SERVER, **server}}, "/images": {"images": list(found)}}
    return Archives(cast("Any", client), ServerActions(cast("Any", client)))


class Shelf(ScriptedClient):
    """Glance filters by name, as it does in truth."""

    def request(self, service: str, method: str, path: str, **facts: Any) -> requests.Response:
        if path == "/images" and (name := facts["params"].get("name")):
            whole = cast("dict[str, Any]", self.answers["/images"])["images"]
            self.answers["/images named"] = {"images": [row for row in whole if row["name"] == name]}
            return super().request(service, method, "/images named", **facts)
        return super().request(service, method, path, **facts)


def test_what_nova_shelved_is_protected_and_renamed_in_one_call() -> None:
    client = Shelf()
    archives(client, KEPT, {**KEPT, "id": "older", "created_at": "2025-01-01T00:00:00Z"}).ensure("s", "mine")
    assert [(method, path) for method, path, _said in client.changes] == [("PATCH", "/images/k")]
    said = {(one["op"], one["path"]): one.get("value") for one in client.changes[0][2]}
    assert said == {("replace", "/protected"): True, ("add", "/minga_archive"): "s", ("replace", "/name"): "mine"}


def test_taken_back_the_server_that_is_still_put_away_keeps_its_image() -> None:
    client = Shelf()
    archives(client, {**KEPT, "name": "mine", "protected": True}).undo("s", "mine")
    assert [method for method, _path, _said in client.changes] == ["PATCH"]


@pytest.mark.parametrize(("status", "protected"), [("ACTIVE", True), ("SHUTOFF", False), ("SHELVED_OFFLOADED", False)])
def test_any_other_is_deleted(status: str, protected: bool) -> None:
    client = Shelf()
    archives(client, {**KEPT, "name": "mine", "protected": protected}, status=status).undo("s", "mine")
    assert client.changes[-1][:2] == ("DELETE", "/images/k")


def test_what_nova_keeps_is_lent_only_while_it_is_put_away() -> None:
    client = Shelf()
    kept = archives(client, KEPT)
    assert kept.shelved(SERVER) == KEPT
    assert kept.shelved({**SERVER, "status": "ACTIVE"}) is None


@pytest.mark.parametrize(("task", "status"), [("image_uploading", "saving"), (None, "active"), ("deleting", "active")])
def test_an_image_is_whole_once_nova_has_let_go_of_it(task: str | None, status: str) -> None:
    copy = {**KEPT, "name": "mine"}
    kept = archives(Shelf(), copy, status="SHUTOFF", **{"OS-EXT-STS:task_state": task})
    assert kept.ensure("s", "mine")["status"] == status


def test_a_disk_that_is_a_volume_is_refused() -> None:
    with pytest.raises(CloudRefused, match="volume"):
        archives(Shelf(), status="SHUTOFF", image="").ensure("s", "mine")


def test_one_put_away_whose_image_is_lost_is_refused() -> None:
    with pytest.raises(CloudRefused, match="no image"):
        archives(Shelf()).ensure("s", "mine")


def test_an_archive_is_no_image_to_choose() -> None:
    client = ScriptedClient()
    row = {
        "id": "i",
        "name": "x",
        "status": "active",
        "visibility": "public",
        "owner": "p",
        "min_ram": 0,
        "min_disk": 1,
        "size": 1,
    }
    client.answers["/images"] = {
        "images": [row, {**row, "id": "a", "minga_archive": "s"}, {**row, "id": "b", "minga_archive": ""}]
    }
    assert [image.id for image in cluster.images(cast("Any", client))] == ["i", "b"]


@pytest.mark.parametrize(
    ("status", "error"), [("queued", CloudBusy), ("saving", CloudBusy), ("deleted", CloudGone), ("killed", CloudGone)]
)
def test_an_image_without_data_has_no_size(status: str, error: type[Exception]) -> None:
    client = ScriptedClient()
    client.answers["/images/i"] = {"id": "i", "status": status, "size": None}
    with pytest.raises(error):
        images.size(cast("Any", client), "i")


@pytest.mark.parametrize(("skip", "length"), [(0, None), (0, 3), (4, None), (4, 5), (9, 2), (5, 0), (20, None)])
def test_where_a_store_knows_no_ranges_the_part_is_cut_out(skip: int, length: int | None) -> None:
    whole = b"0123456789abcdef"
    chunks = iter([whole[at : at + 5] for at in range(0, len(whole), 5)])
    told = b"".join(images._part(chunks, skip, length))
    assert told == (whole[skip:] if length is None else whole[skip : skip + length])
