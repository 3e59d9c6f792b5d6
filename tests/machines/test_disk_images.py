"""A disk to take home: asked for, made by a worker, kept for a day, and deleted in the cloud after it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from cloud.contract import CloudBusy, CloudGone, CloudRefused, Image
from machines import actions, disk_images
from machines.models import DiskImage, Machine
from tests.cloud.fake import FakeCloud
from tests.machines.world import World
from tunnels.models import Tunnel


@pytest.fixture(autouse=True)
def _door(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_images, "open_disks", lambda: cloud)


def made(world: World, machine: Machine) -> DiskImage:
    """Asked for, and let be until the workers are done with it."""
    copy = disk_images.request(machine=machine, by=world.student)
    for _turn in range(20):
        world.turn()
        disk_images.tend(world.cloud, timezone.now())
        world.clock.move(5)
        copy.refresh_from_db()
        if copy.state != "due":
            return copy
    raise AssertionError("not done after 20 turns")


def at_rest(world: World, verb: str) -> Machine:
    machine = world.running()
    if verb:
        getattr(actions, verb)(machine=machine, by=world.student)
        machine = world.until(machine, {"suspend": "suspended", "shelve": "shelved", "archive": "archived"}[verb])
    return machine


@pytest.mark.parametrize("verb", ["", "suspend", "shelve"])
def test_an_image_is_made_and_the_machine_stays_as_it_is(world: World, verb: str) -> None:
    machine = at_rest(world, verb)
    copy = made(world, machine)
    before = machine.state
    machine.refresh_from_db()
    assert (copy.state, copy.size_bytes > 0, machine.state) == ("ready", True, before)
    assert b"".join(disk_images.read(copy, 0, copy.size_bytes)).startswith(b"the disk in")


def test_an_archive_is_there_at_once(world: World) -> None:
    machine = at_rest(world, "archive")
    copy = disk_images.ready(machine)
    assert (copy.image_id, copy.kind, copy.expires_at) == (machine.archive_id, "archive", None)


def test_asked_twice_it_is_made_once(world: World) -> None:
    machine = at_rest(world, "")
    assert disk_images.request(machine=machine, by=world.student) == disk_images.request(
        machine=machine, by=world.student
    )


@pytest.mark.parametrize("state", ["new", "building", "archiving", "deleting", "gone"])
def test_without_a_disk_it_is_refused_with_a_sentence(world: World, state: str) -> None:
    machine = world.launch()
    Machine.objects.update(state=state)
    with pytest.raises(disk_images.NotReady, match=r"\w{4}"):
        disk_images.request(machine=machine, by=world.student)


def test_after_a_day_it_is_deleted_in_the_cloud(world: World) -> None:
    machine = at_rest(world, "")
    copy = made(world, machine)
    disk_images.tidy(world.cloud, timezone.now())
    assert copy.image_id in world.cloud.archives
    disk_images.tidy(world.cloud, timezone.now() + timedelta(hours=25))
    assert (world.cloud.archives, disk_images.current(machine)) == ({}, None)


def test_a_busy_cloud_is_asked_again(world: World) -> None:
    machine = at_rest(world, "")
    copy = disk_images.request(machine=machine, by=world.student)
    world.cloud.busy = True
    disk_images.tend(world.cloud, timezone.now())
    world.cloud.busy = False
    world.clock.move(6)
    disk_images.tend(world.cloud, timezone.now())
    assert world.called("ensure_archived") == 1
    assert DiskImage.objects.get(pk=copy.pk).state == "due"


def test_two_workers_never_make_one_image_twice(world: World) -> None:
    disk_images.request(machine=at_rest(world, ""), by=world.student)
    now = timezone.now()
    disk_images.tend(world.cloud, now)
    disk_images.tend(world.cloud, now)
    assert world.called("ensure_archived") == 1


def test_one_that_the_cloud_refuses_says_so_and_can_be_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_args: object) -> None:
        raise CloudRefused("a volume")

    machine = at_rest(world, "")
    monkeypatch.setattr(world.cloud, "ensure_archived", refuses)
    copy = made(world, machine)
    assert (copy.state, str(copy.note)) == ("failed", str(disk_images.CANNOT))
    disk_images.tidy(world.cloud, timezone.now())
    assert disk_images.current(machine) == copy
    monkeypatch.undo()
    assert disk_images.request(machine=machine, by=world.student) != copy


def test_one_whose_server_went_says_so(world: World) -> None:
    machine = at_rest(world, "")
    world.cloud.vanish(machine.server_id)
    DiskImage.objects.create(machine=machine, kind="download", name="x", server_id=machine.server_id)
    disk_images.tend(world.cloud, timezone.now())
    assert str(DiskImage.objects.get().note) == str(disk_images.CHANGED)


def test_what_never_comes_is_given_up_and_taken_away(world: World) -> None:
    copy = disk_images.request(machine=at_rest(world, ""), by=world.student)
    disk_images.tend(world.cloud, timezone.now())
    disk_images.tend(world.cloud, timezone.now() + timedelta(hours=3))
    disk_images.tidy(world.cloud, timezone.now())
    copy.refresh_from_db()
    assert (copy.state, world.cloud.archives) == ("failed", {})


def test_what_the_cloud_keeps_itself_is_lent_and_never_deleted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = at_rest(world, "shelve")
    own = Image("image-of-nova", "its own", ready=True, size_bytes=7)
    monkeypatch.setattr(world.cloud, "kept_image", lambda _server_id: own)
    copy = made(world, machine)
    assert (copy.borrowed, copy.image_id) == (True, own.id)
    disk_images.tidy(world.cloud, timezone.now() + timedelta(hours=25))
    assert world.called("ensure_image_deleted") == 0


def test_a_lent_one_is_over_when_the_machine_wakes(world: World) -> None:
    machine = at_rest(world, "shelve")
    DiskImage.objects.create(machine=machine, kind="download", state="ready", borrowed=True, image_id="i", size_bytes=7)
    Machine.objects.update(state="running")
    machine.refresh_from_db()
    assert disk_images.current(machine) is None
    assert disk_images.request(machine=machine, by=world.student).state == "due"


def test_a_spent_archive_goes_when_the_guest_has_answered(world: World) -> None:
    machine = at_rest(world, "archive")
    actions.restore(machine=machine, by=world.student)
    world.until(machine, "running")
    Tunnel.objects.of(machine.pk).update(answered_at=None)
    disk_images.tidy(world.cloud, timezone.now())
    assert len(world.cloud.archives) == 1
    Tunnel.objects.of(machine.pk).update(answered_at=timezone.now())
    disk_images.tidy(world.cloud, timezone.now())
    assert world.cloud.archives == {}


def test_nothing_stays_of_a_machine_that_is_gone(world: World) -> None:
    machine = at_rest(world, "")
    made(world, machine)
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")
    disk_images.tidy(world.cloud, timezone.now())
    assert world.cloud.archives == {}


def test_a_present_archive_is_never_tidied_away(world: World) -> None:
    machine = at_rest(world, "archive")
    disk_images.tidy(world.cloud, timezone.now() + timedelta(days=300))
    assert list(world.cloud.archives) == [machine.archive_id]


class BreaksOff(FakeCloud):
    """Every stream ends after one chunk."""

    def read_image(self, image_id: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        yield next(super().read_image(image_id, start, length))
        raise CloudBusy("cut")


@pytest.mark.parametrize("cloud", [BreaksOff()], ids=["breaks off"])
def test_what_breaks_off_is_taken_up_where_it_was(
    world: World, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_images.time, "sleep", lambda _seconds: None)
    copy = made(world, at_rest(world, ""))
    whole = b"".join(FakeCloud.read_image(cloud, copy.image_id))
    assert b"".join(disk_images.read(copy, 5, copy.size_bytes)) == whole[5:]


def test_an_image_that_somebody_deleted_is_told_and_over(world: World) -> None:
    machine = at_rest(world, "")
    copy = made(world, machine)
    world.cloud.archives.clear()
    with pytest.raises(disk_images.NoLonger) as refusal:
        next(disk_images.read(copy, 0, 10))
    assert (refusal.value.status, disk_images.current(machine)) == (410, None)
    assert isinstance(refusal.value.__cause__, CloudGone)
