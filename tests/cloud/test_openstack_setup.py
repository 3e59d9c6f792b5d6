"""The steps of setup_cloud, and those that it leaves to people. tests/openstack does it for real."""

from pathlib import Path

import pytest

from cloud.contract import CloudRefused
from cloud.openstack.doctor.setup import Step, Wishes, certain_login, set_up
from cloud.openstack.upload import Upload
from lib.notes import Refusal
from tests.cloud.scripted import HOST, IMAGE, RESOURCES, ScriptedClient, survey_of

QCOW2 = b"QFI\xfb\0\0\0\3".ljust(24, b"\0") + (3 * 2**30 + 1).to_bytes(8, "big")


def steps(client: ScriptedClient, *, do: bool = True, students: int = 0) -> list[Step]:
    return list(set_up(survey_of(client, students=students), Wishes(do)))


def kinds(found: list[Step], topic: str) -> list[str]:
    return [step.what for step in found if step.topic == topic]


def empty() -> ScriptedClient:
    client = ScriptedClient()
    client.answers |= {
        "/flavors/detail": {"flavors": []},
        "/images": {"images": []},
        "/networks": {"networks": []},
        "/os-quota-sets/p": {"quota_set": {"key_pairs": 100}},
    }
    return client


def test_on_a_healthy_cloud_nothing_is_done() -> None:
    client = ScriptedClient()
    assert {step.what for step in steps(client)} == {"right"}
    assert client.changes == []


def test_an_empty_cloud_gets_sizes_and_room_for_key_pairs() -> None:
    client = empty()
    steps(client)
    assert [path for _method, path, _wish in client.changes] == ["/os-quota-sets/p", *3 * ["/flavors"]]


def test_a_dry_run_says_the_same_and_changes_nothing() -> None:
    client = empty()
    would = [str(step.text) for step in steps(client, do=False) if step.what == "would"]
    assert client.changes == []
    assert would == [str(step.text) for step in steps(empty()) if step.what == "did"]


def test_networks_and_images_are_left_to_people_with_the_commands() -> None:
    left = {step.topic: step.mend for step in steps(empty()) if step.what == "left"}
    assert "openstack network create" in left["Network"]
    assert "--image FILE" in left["Images"]


def test_sizes_that_no_computer_carries_are_not_made() -> None:
    client = empty()
    small = {**RESOURCES, "MEMORY_MB": {"capacity": 600, "used": 0}}
    client.answers["/allocation_candidates"] = {"provider_summaries": {HOST["id"]: {"resources": small}}}
    steps(client)
    assert [wish["flavor"]["name"] for _method, path, wish in client.changes if path == "/flavors"] == ["minga.small"]


def test_what_it_may_not_do_is_a_sentence_and_the_rest_goes_on() -> None:
    client = empty()
    client.answers["/os-quota-sets/p"] = CloudRefused("403 Policy doesn't allow it")
    found = steps(client)
    assert kinds(found, "Key pairs") == ["left"]
    assert kinds(found, "Sizes") == ["did"] * 3


def test_a_missing_role_is_not_given_by_ourselves() -> None:
    client = ScriptedClient()
    client.role_names = ["member"]
    assert kinds(steps(client), "Roles") == ["left"]
    assert client.changes == []


def test_nobody_lets_us_in() -> None:
    client = ScriptedClient()
    client.auth = {}
    assert [step.topic for step in steps(client)] == ["Settings"]


@pytest.mark.parametrize(
    ("name", "login"),
    [
        ("cirros-0.6.2-x86_64-disk", "cirros"), ("jammy-server-cloudimg-amd64", "ubuntu"), ("debian-12-generic-amd64", "debian"),
        ("ubuntu-22.04-server-cloudimg-amd64.img", "ubuntu"), ("Fedora-Cloud-Base-40", "fedora"), ("Rocky-9-GenericCloud", "rocky"),
        ("debian-12", ""), ("Ubuntu of our lab", ""), ("lab-linux", ""),
    ],
)  # fmt: skip
def test_only_a_distributions_own_file_name_is_certain(name: str, login: str) -> None:
    assert certain_login(name) == login


@pytest.mark.parametrize(("name", "what"), [("cirros-0.6.2-x86_64-disk", "did"), ("debian-12", "left")])
def test_a_login_is_written_only_where_it_is_certain(name: str, what: str) -> None:
    client = ScriptedClient()
    client.answers["/images"] = {"images": [{**IMAGE, "name": name, "os_admin_user": "", "os_distro": "debian"}]}
    assert what in kinds(steps(client), "Images")
    assert [method for method, _path, _wish in client.changes] == (["PATCH"] if what == "did" else [])


def test_a_disk_of_qcow2_says_how_large_it_is(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(QCOW2.ljust(512, b"\0"))
    upload = Upload.of(tmp_path / "disk", "lab", "student")
    assert (upload.disk_format, upload.min_disk_gb, upload.size) == ("qcow2", 4, 512)


def test_a_raw_disk_is_known_by_its_boot_sector(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"\0" * 510 + b"\x55\xaa")
    assert Upload.of(tmp_path / "disk", "lab", "student").disk_format == "raw"


@pytest.mark.parametrize(
    ("content", "login", "words"),
    [
        (b"\x1f\x8b" + b"0" * 600, "student", "unpack"),
        (b"<html>not found</html>", "student", "not a disk image"),
        (QCOW2, "Not A Login", "not a user name"),
        (None, "student", "cannot be read"),
    ],
)
def test_what_is_no_disk_image_is_refused(tmp_path: Path, content: bytes | None, login: str, words: str) -> None:
    if content is not None:
        (tmp_path / "disk").write_bytes(content)
    with pytest.raises(Refusal, match=words):
        Upload.of(tmp_path / "disk", "lab", login)
