"""The Debian guest that setup_cloud builds and uploads: launched on the real cloud, its student is its administrator."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from catalog.models import Image
from cloud.contract import Owner, ServerSpec
from cloud.starter.recipes import RECIPES
from tests.cloud import ready_guest
from tests.cloud.local_stage import insist, make_key
from tests.openstack.guests import ssh
from tests.openstack.openstack_stage import OpenStackStage, until

DEBIAN = RECIPES["debian-12"]
BOOT_SECONDS = 600.0  # emulated, with a busy computer

pytestmark = [
    pytest.mark.xdist_group("guests"),
    pytest.mark.slow,
    pytest.mark.skipif(
        not ready_guest.is_built(DEBIAN.name),
        reason=f"not built: python -m cloud.starter --folder {ready_guest.STARTERS}",
    ),
]


@pytest.fixture
def uploaded(stage: OpenStackStage, db: None, capsys: Any) -> Iterator[Image]:
    """The image in the portal's catalog, as setup_cloud put it there. Other tests' clouds have it no longer than this one needs it."""
    try:
        call_command("setup_cloud", "--build", DEBIAN.name, "--folder", str(ready_guest.STARTERS), "--lang", "en")
    except SystemExit:
        pass  # what else is left to people on this cloud is not said here
    found = Image.objects.get(name=DEBIAN.title)
    assert (found.login, found.ready) == ("student", True), capsys.readouterr().out
    yield found
    stage.admin.image.delete_image(found.cloud_id)


@pytest.fixture
def flavor(stage: OpenStackStage) -> Iterator[str]:
    name = f"minga-test-{uuid.uuid4().hex[:8]}"
    made = stage.admin.compute.create_flavor(name=name, vcpus=1, ram=DEBIAN.ram_mb, disk=-(-DEBIAN.disk_mb // 1024))
    yield made.id
    stage.admin.compute.delete_flavor(made)


def test_its_student_has_sudo(stage: OpenStackStage, tmp_path: Path, uploaded: Image, flavor: str) -> None:
    key = make_key(tmp_path, "one")
    owner = Owner(str(uuid.uuid4()), "debian-student")
    line = key.with_suffix(".pub").read_text().strip()
    spec = ServerSpec(str(uuid.uuid4()), owner, "debian", flavor, uploaded.cloud_id, (line,), "")
    server = insist(stage.cloud.ensure_server, spec)
    stage.settle()
    server = stage.look(server)
    until(lambda: ssh(server, key, "true", "student").returncode == 0, "its student signs in", BOOT_SECONDS)
    assert ssh(server, key, "sudo whoami; git --version", "student").stdout.startswith("root\ngit version")
