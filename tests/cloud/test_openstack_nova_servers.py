"""Nova's rows in the contract's words."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cloud.contract import Flavor, Owner, Server, ServerSpec, Status
from cloud.openstack import nova_servers
from cloud.openstack.client import Client
from cloud.openstack.launches import host_name_of

ROW: dict[str, Any] = {
    "id": "s1", "name": "red-fox", "status": "ACTIVE", "tenant_id": "p1", "created": "2026-11-21T10:00:00Z",
    "updated": "2026-11-21T10:00:05Z", "OS-EXT-STS:task_state": None, "OS-EXT-SRV-ATTR:host": "node-1",
    "metadata": {"minga_machine": "m1", "minga_owner": "o1", "minga_resets": "2", "minga_restarts": "3", "theirs": "x"},
    "flavor": {"original_name": "m1.nano", "vcpus": 1, "ram": 128, "disk": 1},
}  # fmt: skip


def read(row: dict[str, Any]) -> Server:
    return nova_servers.server(row, "")


def test_a_whole_row() -> None:
    made = read(ROW)
    assert (made.id, made.machine, made.owner, made.status, made.host, made.project) == (
        "s1",
        "m1",
        "o1",
        Status.ACTIVE,
        "node-1",
        "p1",
    )
    assert (made.resets, made.restarts, made.flavor) == (2, 3, Flavor("", "m1.nano", 1, 128, 1))
    assert made.created_at == datetime(2026, 11, 21, 10, tzinfo=UTC)


def test_a_row_of_a_cell_that_is_down() -> None:
    made = read({"id": "s1", "status": "UNKNOWN", "tenant_id": "p1", "created": "2026-11-21T10:00:00Z", "links": []})
    assert (made.status, made.machine, made.address, made.flavor) == (Status.UNKNOWN, "", "", None)


def test_somebody_else_s_server_is_no_machine() -> None:
    assert read({**ROW, "metadata": {}}).machine == ""


@pytest.mark.parametrize("text", ["", "two", "-1", "²", "9" * 10, None])
def test_metadata_that_somebody_changed_by_hand_stop_nothing(text: str | None) -> None:
    assert read({**ROW, "metadata": {"minga_resets": text}}).resets == 0


def test_a_nul_in_the_metadata_hides_no_server_from_our_lists() -> None:
    found = read({**ROW, "metadata": {"minga_machine": "\0m", "minga_owner": "o\0"}})
    assert (found.machine, found.owner) == ("m", "o")


def test_a_status_of_tomorrow_is_unknown() -> None:
    assert read({**ROW, "status": "TELEPORTING"}).status == Status.UNKNOWN


def test_no_room_is_told_apart() -> None:
    message = "No valid host was found. There are not enough hosts available."
    made = read({**ROW, "status": "ERROR", "fault": {"code": 500, "message": message}})
    assert (made.full, made.fault) == (True, f"500 {message}")


def test_another_fault_is_not_no_room() -> None:
    assert not read({**ROW, "status": "ERROR", "fault": {"code": 500, "message": "disk on fire"}}).full


def test_a_row_whose_address_nobody_knows_is_unknown_and_still_ours() -> None:
    made = nova_servers.server(ROW, None)
    assert (made.status, made.machine, made.address) == (Status.UNKNOWN, "m1", "")


def test_metadata_fit_into_nova() -> None:
    said = nova_servers.metadata("m1", "o1", "x" * 400, {"template": "web", "empty": ""})
    assert len(said["minga_owner_name"]) == 255
    assert (said["minga_template"], "minga_empty" in said) == ("web", False)


def test_another_machine_s_tag_goes_and_other_people_s_stay() -> None:
    assert nova_servers.retagged({"tags": ["keep", "minga-old"]}, "new") == ["keep", "minga-new"]


@pytest.mark.parametrize(
    ("disks", "total", "root"),
    [
        ({"disk": 5, "ephemeral": 0, "swap": 0}, 5, 5),
        ({"disk": 5, "ephemeral": 10, "swap": 512}, 16, 5),
        ({"disk": 0, "OS-FLV-EXT-DATA:ephemeral": 10, "swap": ""}, 10, 0),
        ({"disk": 5, "ephemeral": 0, "swap": 1025}, 7, 5),
    ],
)
def test_all_disks_of_a_size_count(disks: dict[str, Any], total: int, root: int) -> None:
    of_catalog = nova_servers.flavor({"id": "f", "name": "lab", "vcpus": 1, "ram": 512, **disks})
    of_server = read({**ROW, "flavor": {"original_name": "lab", "vcpus": 1, "ram": 512, **disks}}).flavor
    assert of_server
    for size in (of_catalog, of_server):
        assert (size.disk_gb, size.room_for_image) == (total, root)


def test_a_row_that_is_not_understood_is_not_known_and_not_gone(db: None) -> None:
    odd = nova_servers.server_or_unknown({**ROW, "metadata": ["x"]}, "")
    assert (odd.id, odd.status) == ("s1", Status.UNKNOWN)


@pytest.mark.parametrize(
    ("name", "kept"),
    [("piñata", "piñata"), ("máquina 🎉", "máquina"), ("日本語", "日本語"), ("🎉", "machine-01234567")],
)
def test_nova_is_told_as_much_of_a_name_as_it_takes(name: str, kept: str) -> None:
    assert nova_servers.kept_name(name, "0123456789") == kept


@pytest.mark.parametrize(
    ("name", "called"), [("Piñata 🎉", "pinata"), ("日本語", "machine-01234567"), ("", "machine-01234567")]
)
def test_nova_is_told_what_the_guest_is_called(name: str, called: str) -> None:
    """Nova's own guess keeps an ñ, and Neutron's DNS integration then refuses the port."""
    spec = ServerSpec("0123456789", Owner("o"), name, "f", "i")
    assert host_name_of(spec, cast("Client", SimpleNamespace(takes_host_names=True)))[0] == {"hostname": called}
