"""check_cloud and setup_cloud on the real cloud."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from catalog.models import Image
from cloud.contract import Flavor, Owner
from cloud.diagnosis import Check
from cloud.openstack import OpenStackCloud, cluster
from cloud.openstack.doctor import checks, checks_users, setup, trial
from cloud.openstack.doctor.setup import Step, Wishes, set_up
from cloud.openstack.doctor.survey import Survey
from cloud.openstack.security_groups import SecurityGroups
from cloud.openstack.tenants import keypair_prefix
from cloud.openstack.upload import Upload
from tests.cloud.local_stage import insist
from tests.openstack.openstack_stage import AGENT, HUGE, NAMESPACE, OpenStackStage, open_cloud, own, until

ROOT = Path(__file__).resolve().parents[2]
STUDENT = os.environ.get("OS_STUDENT_CLOUD", "labcloud-student")  # a plain member of one project
CHECK = ["ip", "netns", "exec", NAMESPACE, sys.executable, "manage.py", "check_cloud", "--with-guest", "--json"]
KEYPAIRS = 1000  # the bench's

pytestmark = pytest.mark.xdist_group("lives")


def survey_of(cloud: OpenStackCloud) -> Survey:
    return Survey(lambda: cloud.client, agents_wish=[f"{AGENT}/32"])


def rows_of(cloud: OpenStackCloud) -> list[Check]:
    return list(checks.look(survey_of(cloud)))


def hears_ctrl_c() -> None:
    """A shell starts what it puts into the background deaf to SIGINT, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def running(stage: OpenStackStage) -> Iterator["subprocess.Popen[str]"]:
    """Run the command as typed where the agent is, without the pool, which would wait for a database that is not needed."""
    assert trial.clean_up(stage.cloud).ok == "right"
    env = {
        **os.environ,
        "LC_ALL": "C.UTF-8",
        "AGENT_ADDRESSES": f"{AGENT}/32",
        "DB_POOL": "off",
        "SECRET_KEY": "x" * 32,
        "KEYSTONE_USERS_FOR_STUDENTS": "on",
        "HORIZON_URL": "https://horizon.example.org",
    }
    with subprocess.Popen(
        CHECK, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=hears_ctrl_c
    ) as process:
        yield process
        process.kill()


def traces(stage: OpenStackStage) -> dict[str, Any]:
    """Return what a trial could leave behind."""
    owner = Owner(trial.OWNER_KEY, "check")
    keypairs = stage.cloud.client.request("compute", "GET", "/os-keypairs").json()["keypairs"]
    return {
        "server": stage.cloud.find_server(trial.MACHINE, Owner(trial.OWNER_KEY)),
        "project": stage.cloud.tenants.find(owner),
        "keys": [row for row in keypairs if row["keypair"]["name"].startswith(keypair_prefix(owner))],
        "users": list(stage.admin.identity.users(name=checks_users.NAME)),
    }


NOTHING = {"server": None, "project": None, "keys": [], "users": []}


def test_the_bench_has_all_that_is_needed(stage: OpenStackStage) -> None:
    rows = rows_of(stage.cloud)
    assert [(row.topic, str(row.found)) for row in rows if row.ok == "wrong"] == []
    assert {row.topic for row in rows} >= {"Keystone", "Nova", "Roles", "Clock", "Key pairs", "Network", "Images"}


def test_a_plain_member_is_told_which_role_is_missing() -> None:
    cloud = OpenStackCloud(STUDENT, agents=[f"{AGENT}/32"])
    wrong = {row.topic: row.mend for row in rows_of(cloud) if row.ok == "wrong"}
    cloud.close()
    assert wrong.keys() >= {"Roles", "Students' projects", "Computers", "Services"}
    assert "openstack role add --user student" in wrong["Roles"]


def test_a_trial_machine_is_reached_put_to_sleep_and_leaves_nothing(
    stage: OpenStackStage, running: "subprocess.Popen[str]"
) -> None:
    out, err = running.communicate(timeout=300)
    rows = [row for row in json.loads(out) if row["topic"] == "Trial machine"]
    assert [row["ok"] for row in rows] == ["right"] * 6, (rows, err)
    accounts = [row for row in json.loads(out) if row["topic"] == checks_users.TOPIC]
    assert [row["ok"] for row in accounts] == ["right"] * 2, accounts  # they can be listed; one was made and deleted
    way_out = [
        row["found"] for row in json.loads(out) if row["topic"] == "Outbound connections" and row["ok"] == "right"
    ]
    assert any("A machine reaches none of the" in found and AGENT in found for found in way_out), (way_out, out)
    assert traces(stage) == NOTHING


def wait_for_its_server(stage: OpenStackStage, running: "subprocess.Popen[str]") -> None:
    """Wait until the trial has a server. Of one that ended before, show what it said."""
    owner = Owner(trial.OWNER_KEY)
    until(lambda: running.poll() is not None or stage.cloud.find_server(trial.MACHINE, owner), "a server", 900.0)
    assert running.poll() is None, running.communicate()


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_trial_that_is_broken_off_leaves_nothing(
    stage: OpenStackStage, running: "subprocess.Popen[str]", by: signal.Signals
) -> None:
    wait_for_its_server(stage, running)
    running.send_signal(by)
    out, err = running.communicate(timeout=300)
    told = [row["found"] for row in json.loads(out) if row["topic"] == "Trial machine"]
    assert (running.returncode, told[-2]) == (1, "You broke it off."), (told, err)
    assert traces(stage) == NOTHING


def test_what_a_killed_trial_left_goes_with_the_next_one(
    stage: OpenStackStage, running: "subprocess.Popen[str]"
) -> None:
    wait_for_its_server(stage, running)
    running.kill()
    running.communicate(timeout=120)
    assert trial.clean_up(stage.cloud).ok == "right"
    assert traces(stage) == NOTHING


# ---- setup_cloud ----


def everything(stage: OpenStackStage) -> dict[str, Any]:
    """Everything that setup_cloud could change. Others make snapshots meanwhile, and sizes that are too big; it makes neither."""
    client = stage.cloud.client
    flavors = client.request("compute", "GET", "/flavors/detail").json()["flavors"]
    images = [row for row in cluster.pages(client, {"limit": 200}) if row.get("image_type") != "snapshot"]
    return {
        "quota": client.request("compute", "GET", f"/os-quota-sets/{client.project_id}").json(),
        "flavors": [row for row in flavors if not row["name"].startswith(HUGE)],
        "images": sorted((i["id"], i["name"], i.get("os_admin_user"), i["status"]) for i in images),
        "networks": client.request("network", "GET", "/networks").json(),
    }


@pytest.fixture
def name() -> str:
    return f"check-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def upload(stage: OpenStackStage, name: str, tmp_path: Path) -> Iterator[Upload]:
    """A disk that boots nothing, of a MB; taken away again."""
    (tmp_path / "disk").write_bytes((b"\0" * 510 + b"\x55\xaa").ljust(2**20, b"\0"))
    yield Upload.of(tmp_path / "disk", name, "student")
    for image in stage.admin.image.images(name=name):
        stage.admin.image.delete_image(image)


@pytest.fixture
def only_size(stage: OpenStackStage, name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flavor]:
    """A cloud that has no other sizes than this, as far as setup_cloud sees: others are at work on the bench."""
    there, size = cluster.flavors, Flavor("", name, 1, 64, 1)
    monkeypatch.setattr(cluster, "flavors", lambda client: [flavor for flavor in there(client) if flavor.name == name])
    monkeypatch.setattr(setup, "SIZES", [size])
    yield size
    for flavor in stage.admin.compute.flavors():
        if flavor.name == name:
            stage.admin.compute.delete_flavor(flavor)


@pytest.fixture
def few_keypairs(stage: OpenStackStage) -> Iterator[str]:
    """The service project allows a few less than is wanted."""
    path = f"/os-quota-sets/{stage.cloud.client.project_id}"
    stage.cloud.client.request("compute", "PUT", path, json={"quota_set": {"key_pairs": KEYPAIRS - 100}})
    yield path
    stage.cloud.client.request("compute", "PUT", path, json={"quota_set": {"key_pairs": KEYPAIRS}})


@pytest.fixture(autouse=True)
def own_projects(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The projects that setup_cloud sees: of others', some are wrong on purpose."""
    there, own = SecurityGroups.everywhere, set[str]()
    monkeypatch.setattr(
        SecurityGroups,
        "everywhere",
        lambda security_groups: [row for row in there(security_groups) if row["project_id"] in own],
    )
    return own


def steps(stage: OpenStackStage, upload: Upload, *, do: bool = True) -> list[Step]:
    return list(set_up(survey_of(stage.cloud), Wishes(do, upload)))


def test_a_dry_run_changes_nothing(stage: OpenStackStage, upload: Upload, only_size: Flavor, few_keypairs: str) -> None:
    before = everything(stage)
    would = [step.topic for step in steps(stage, upload, do=False) if step.what == "would"]
    assert would == ["Key pairs", "Sizes", "Images"]
    assert everything(stage) == before


def test_said_twice_it_is_done_once(
    stage: OpenStackStage, known_login: None, upload: Upload, only_size: Flavor, few_keypairs: str
) -> None:
    assert [step.topic for step in steps(stage, upload) if step.what == "did"] == ["Key pairs", "Sizes", "Images"]
    after = everything(stage)
    assert {step.what for step in steps(stage, upload)} == {"right"}
    assert everything(stage) == after


def test_an_uploaded_image_is_public_says_its_login_and_its_smallest_disk(
    stage: OpenStackStage, upload: Upload
) -> None:
    steps(stage, upload)
    row = next(image for image in stage.cloud.images() if image.name == upload.name)
    assert (row.ready, row.login, row.min_disk_gb, row.size_bytes) == (True, "student", 1, 2**20)
    assert [i.visibility for i in stage.admin.image.images(name=upload.name)] == ["public"]


@pytest.fixture
def known_login(stage: OpenStackStage) -> Iterator[None]:
    """The bench's own image does not say who signs in: that would be left to a person."""
    path, kind = f"/images/{stage.linux_id}", {"Content-Type": "application/openstack-images-v2.1-json-patch"}
    was = stage.admin.image.get(path).json().get("os_admin_user")
    if was is None:
        wish = [{"op": "add", "path": "/os_admin_user", "value": "lab"}]
        assert stage.admin.image.patch(path, json=wish, headers=kind).status_code == 200
    yield
    if was is None:
        stage.admin.image.patch(path, json=[{"op": "remove", "path": "/os_admin_user"}], headers=kind)


def test_projects_of_an_older_minga_are_brought_up_to_date(
    stage: OpenStackStage, upload: Upload, own_projects: set[str]
) -> None:
    owner = Owner(str(uuid.uuid4()), "osci-old")
    own(owner)
    project = insist(open_cloud().tenants.of, owner).project
    own_projects.add(project)
    late = [row for row in rows_of(stage.cloud) if row.topic == "Outbound connections" and "setup_cloud" in row.mend]
    assert [row.ok for row in late] == ["note"]
    steps(stage, upload)
    security_groups = open_cloud(blocked=None).security_groups
    assert [security_groups.are_right(group) for group in security_groups.everywhere()] == [True]


def test_as_it_is_typed_it_fills_the_catalog(
    stage: OpenStackStage, known_login: None, upload: Upload, db: None, capsys: Any
) -> None:
    words = ["--image", str(upload.path), "--name", upload.name, "--login", upload.login, "--lang", "en"]
    call_command("setup_cloud", *words)
    first = capsys.readouterr().out
    call_command("setup_cloud", *words)
    second = capsys.readouterr().out
    assert Image.objects.get(name=upload.name).login == "student"
    assert ("Done:" in first, "There was nothing to do." in second) == (True, True), first + second


def test_an_upload_that_broke_off_is_filled(stage: OpenStackStage, upload: Upload) -> None:
    from cloud.openstack.upload import _make

    _make(stage.cloud.client, upload)
    steps(stage, upload)
    assert [image.status for image in stage.admin.image.images(name=upload.name)] == ["active"]


def test_a_plain_member_is_told_what_it_may_not_do(upload: Upload) -> None:
    cloud = OpenStackCloud(STUDENT, agents=[f"{AGENT}/32"])
    found = list(set_up(survey_of(cloud), Wishes(True, upload)))
    cloud.close()
    assert not [step for step in found if step.what == "did"]
    assert {step.topic for step in found if step.what == "left"} >= {"Roles", "Key pairs"}
