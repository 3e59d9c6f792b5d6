"""Kept moments on the real cloud: an image of the student's project, a rebuild from it, and nothing left after it is deleted."""

from pathlib import Path

import pytest
from django.utils import timezone

from accounts.actions import add_key
from accounts.models import User
from cloud.contract import CloudGone
from machines import disk_images, moments
from machines.models import DiskImage, Machine
from tests.cloud.local_stage import insist, make_key
from tests.openstack.guests import ssh
from tests.openstack.openstack_stage import IS_OUTSIDE, OpenStackStage, until
from tests.openstack.real_world import RealWorld

pytestmark = [pytest.mark.xdist_group("archives"), pytest.mark.django_db]


@pytest.fixture
def world(stage: OpenStackStage, student: User) -> RealWorld:
    return RealWorld(stage, student)


def made(stage: OpenStackStage, world: RealWorld, machine: Machine) -> DiskImage:
    moment = moments.keep(machine=machine, name="then", by=world.student)

    def is_made() -> bool:
        DiskImage.objects.filter(pk=moment.pk, state="due").update(next_at=timezone.now())
        disk_images.tend(stage.cloud, timezone.now())
        moment.refresh_from_db()
        return bool(moment.state != "due")

    until(is_made, "the moment is kept")
    return moment


def test_it_goes_back_on_the_same_server_and_leaves_nothing(world: RealWorld, stage: OpenStackStage) -> None:
    machine = world.running()
    moment, server = made(stage, world, machine), machine.server_id
    assert moment.state == "ready"
    assert moment.image_id not in {image.id for image in stage.cloud.images()}
    moments.restore(machine=machine, number=1, by=world.student)
    machine = world.until(machine, "running")
    assert (machine.server_id, machine.resets_done) == (server, 1)
    assert stage.cloud.actions.get(server)["image"]["id"] == moment.image_id
    moments.delete(machine=machine, number=1, by=world.student)
    disk_images.tidy(stage.cloud, timezone.now())
    with pytest.raises(CloudGone):
        insist(stage.cloud.image_size, moment.image_id)


@pytest.mark.slow
@pytest.mark.skipif(IS_OUTSIDE, reason="guests are reached from the namespace only: python -m tests.openstack")
def test_a_changed_file_comes_back(world: RealWorld, stage: OpenStackStage, tmp_path: Path) -> None:
    key = make_key(tmp_path, "own")
    public = key.with_suffix(".pub").read_text()
    add_key(owner=world.student, name="own", public_key=public, by=world.student)
    world.boots(stage.linux_id)
    machine = world.running()
    [server] = [one for one in stage.servers() if one.id == machine.server_id]

    def says(command: str) -> str:
        return ssh(server, key, command).stdout

    until(lambda: says("echo then > /root/work && sync && cat /root/work") == "then\n", "a file is written")
    made(stage, world, machine)
    assert says("echo later > /root/work && sync && cat /root/work") == "later\n"
    moments.restore(machine=machine, number=1, by=world.student)
    world.until(machine, "running")
    until(lambda: says("cat /root/work") == "then\n", "the file is as it was then")
