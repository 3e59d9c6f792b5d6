"""Images and sizes that come, change and go on the real cloud: what the catalog hears, and why a launch is refused."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catalog import actions as catalog
from catalog.models import Flavor, Image
from cloud import contract
from cloud.contract import Cause, CloudGone, CloudRefused, Server, ServerSpec
from tests.cloud.local_stage import insist
from tests.openstack.openstack_stage import OpenStackStage

Specs = Callable[..., ServerSpec]
pytestmark = pytest.mark.xdist_group("api")


@pytest.fixture
def image(stage: OpenStackStage) -> Iterator[Any]:
    """An image of a few bytes, which everybody may use; queued until it is filled."""
    facts = {"container_format": "bare", "disk_format": "raw", "visibility": "public", "min_ram": 384, "min_disk": 1}
    made = stage.admin.image.post("/images", json={"name": f"catalog-{uuid.uuid4().hex[:8]}", **facts}).json()
    yield made
    stage.admin.image.delete(f"/images/{made['id']}")


@pytest.fixture
def size(stage: OpenStackStage) -> Iterator[str]:
    """A size with an ephemeral disk and swap."""
    name = f"catalog-{uuid.uuid4().hex[:8]}"
    made = stage.admin.compute.create_flavor(name=name, vcpus=1, ram=512, disk=2, ephemeral=3, swap=512)
    yield made.id
    stage.admin.compute.delete_flavor(made.id)


def fill(stage: OpenStackStage, image: Any) -> None:
    kind = {"Content-Type": "application/octet-stream"}
    answer = stage.admin.image.put(f"/images/{image['id']}/file", data=b"x" * 512, headers=kind)
    assert answer.status_code == 204


def told(stage: OpenStackStage, image: Any) -> contract.Image | None:
    return next((one for one in stage.cloud.images() if one.id == image["id"]), None)


def test_an_image_is_queued_then_ready_then_switched_off_then_gone(stage: OpenStackStage, image: Any) -> None:
    queued = told(stage, image)
    assert queued
    assert (queued.ready, queued.status, queued.min_ram_mb, queued.min_disk_gb) == (False, "queued", 384, 1)
    fill(stage, image)
    ready = told(stage, image)
    assert ready
    assert (ready.ready, ready.status, ready.disk_format, ready.checksum.split(":")[0]) == (True, "", "raw", "sha512")
    stage.admin.image.post(f"/images/{image['id']}/actions/deactivate")
    off = told(stage, image)
    assert off
    assert (off.ready, off.status) == (False, "deactivated")
    stage.admin.image.delete(f"/images/{image['id']}")
    assert told(stage, image) is None


def test_a_launch_that_the_cloud_refuses_names_its_cause(
    stage: OpenStackStage, make_spec: Specs, image: Any, size: str
) -> None:
    causes = []
    spec = make_spec(stage, image_id=image["id"])
    for change in (
        lambda: None,
        lambda: fill(stage, image),
        lambda: stage.admin.image.delete(f"/images/{image['id']}"),
    ):
        change()
        with pytest.raises((CloudGone, CloudRefused)) as caught:
            insist(stage.cloud.ensure_server, spec)
        causes.append(caught.value.cause)
    assert causes == [Cause.IMAGE_NOT_READY, Cause.SIZE_TOO_SMALL, Cause.IMAGE_GONE]
    stage.admin.compute.delete_flavor(size)
    with pytest.raises((CloudGone, CloudRefused)) as caught:
        insist(stage.cloud.ensure_server, make_spec(stage, flavor_id=size))
    assert caught.value.cause == Cause.SIZE_GONE


def test_all_disks_of_a_size_are_counted(stage: OpenStackStage, size: str) -> None:
    found = next(one for one in stage.cloud.flavors() if one.id == size)
    assert (found.disk_gb, found.room_for_image) == (2 + 3 + 1, 2)


def test_the_catalogs_rows_follow(db: None, stage: OpenStackStage, image: Any, size: str) -> None:
    catalog.look_again(stage.cloud)
    row = Image.objects.get(cloud_id=image["id"])
    assert "not on the cluster yet" in str(row.lacks)
    stage.admin.image.delete(f"/images/{image['id']}")
    stage.admin.compute.delete_flavor(size)
    catalog.look_again(stage.cloud)
    assert "no longer" in str(Image.objects.get(pk=row.pk).lacks)
    assert "no longer" in str(Flavor.objects.get(cloud_id=size).lacks)


@pytest.mark.parametrize("name", ["piñata", "máquina 🎉", "日本語", "a" * 60, "X"])
def test_a_name_that_dns_does_not_take_is_shown_and_its_guest_is_called_otherwise(
    stage: OpenStackStage, make_spec: Specs, huge: str, name: str
) -> None:
    server: Server = insist(stage.cloud.ensure_server, make_spec(stage, name=name, flavor_id=huge))
    row = stage.admin.compute.get(f"/servers/{server.id}", microversion="2.90").json()["server"]
    assert row["name"] == server.name == name.replace(" 🎉", "")
    assert row["OS-EXT-SRV-ATTR:hostname"].isascii()
