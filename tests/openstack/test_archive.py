"""Archives on the real cloud: nothing of a server is left but its image, and it comes back with what was in it."""

import pytest
from django.utils import timezone

from accounts.models import User
from cloud.contract import CloudGone, Server
from machines import actions, disk_images
from machines.models import Machine
from tests.cloud.local_stage import insist
from tests.openstack.openstack_stage import OpenStackStage
from tests.openstack.real_world import RealWorld

pytestmark = [pytest.mark.xdist_group("archives"), pytest.mark.django_db]


@pytest.fixture
def world(stage: OpenStackStage, student: User) -> RealWorld:
    return RealWorld(stage, student)


def test_there_and_back_again(world: RealWorld, stage: OpenStackStage) -> None:
    """The one that came back goes again, from where it was put away. That each state can be archived is in the contract."""
    machine = world.running()
    there_and_back(world, stage, machine)
    actions.shelve(machine=machine, by=world.student)
    there_and_back(world, stage, world.until(machine, "shelved"))


def there_and_back(world: RealWorld, stage: OpenStackStage, machine: Machine) -> None:
    actions.archive(machine=machine, by=world.student)
    world.until(machine, "archived")
    archive = machine.archive_id
    assert world.known_servers(machine) == []
    copy = disk_images.ready(machine)
    assert copy.size_bytes == insist(stage.cloud.image_size, archive)
    actions.restore(machine=machine, by=world.student)
    world.until(machine, "running")
    assert stage.cloud.actions.get(machine.server_id)["image"]["id"] == archive
    disk_images.tidy(stage.cloud, timezone.now())
    with pytest.raises(CloudGone):
        insist(stage.cloud.image_size, archive)


def test_one_put_away_is_downloaded_from_what_nova_keeps(
    world: RealWorld, stage: OpenStackStage, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_images, "open_disks", lambda: stage.cloud)
    machine = world.until(world.holding(server), "running")
    actions.shelve(machine=machine, by=world.student)
    world.until(machine, "shelved")
    disk_images.request(machine=machine, by=world.student)
    disk_images.tend(stage.cloud, timezone.now())
    copy = disk_images.ready(machine)
    assert copy.borrowed
    middle = copy.size_bytes // 2
    whole = b"".join(disk_images.read(copy, 0, copy.size_bytes))
    assert whole.startswith(b"QFI\xfb")
    assert b"".join(disk_images.read(copy, middle, copy.size_bytes)) == whole[middle:]
    actions.wake(machine=machine, by=world.student)
    world.until(machine, "running")


def test_glance_itself_sends_ranges(stage: OpenStackStage) -> None:
    client = stage.cloud.client
    answer = client.connection.image.get(
        f"/images/{stage.linux_id}/file", headers={"Range": "bytes=100-199"}, raise_exc=False, stream=True
    )
    with answer:
        assert (answer.status_code, answer.headers["Content-Range"].split("/")[0]) == (206, "bytes 100-199")
        assert len(answer.raw.read()) == 100
