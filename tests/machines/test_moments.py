"""Kept moments: a copy is asked for, made by a worker, gone back to, and deleted; and what happens in between."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from cloud.contract import CloudBusy, CloudGone, CloudLimit, CloudRefused
from lib.names import BadName
from lib.notes import Refusal
from machines import actions, disk_images, moment_share, moments
from machines.models import DiskImage, Machine
from machines.rules import WrongState
from quotas.actions import OverQuota
from quotas.models import Grant
from tests.machines.kept import counted, go_on, made, tidied
from tests.machines.world import World

# ---- kept ----


@pytest.mark.parametrize("verb", ["", "suspend"])
def test_a_moment_is_kept_and_the_machine_stays_as_it_is(world: World, verb: str) -> None:
    machine = world.running()
    if verb:
        actions.suspend(machine=machine, by=world.student)
        machine = world.until(machine, "suspended")
    moment, before = made(world, machine), machine.state
    assert (moment.state, moment.title, moment.number, moment.expires_at) == ("ready", "before the exam", 1, None)
    assert (machine.state, moment.image_id in world.cloud.archives) == (before, True)


def test_it_counts_as_an_archive_of_the_whole_disk_until_it_is_measured(world: World) -> None:
    machine = world.running()
    moments.keep(machine=machine, name="a", by=world.student)
    assert counted(world) == (1, moment_share.at_most(machine).archive_gb)
    for _turn in range(5):
        go_on(world)
    assert counted(world) == (1, 1)


def test_there_are_two_of_one_machine_at_most(world: World) -> None:
    machine = world.running()
    for name in ("a", "b"):
        made(world, machine, name)
    with pytest.raises(moments.TooMany, match="2 moments"):
        moments.keep(machine=machine, name="c", by=world.student)


def test_one_at_a_time_also_where_two_press_at_once(world: World) -> None:
    machine = world.running()
    moment = moments.keep(machine=machine, name="a", by=world.student)
    with pytest.raises(WrongState, match="just now"):
        moments.keep(machine=machine, name="b", by=world.student)
    facts = {"machine": machine, "kind": "moment", "state": "due"}
    with pytest.raises(IntegrityError), transaction.atomic():
        DiskImage.objects.create(number=(moment.number or 0) + 1, **facts)


def test_a_full_quota_refuses_it_with_what_lacks(world: World) -> None:
    machine = world.running()
    Grant.objects.update(archives=0)
    with pytest.raises(OverQuota) as refused:
        moments.keep(machine=machine, name="a", by=world.student)
    assert [lack.measure for lack in refused.value.lacks] == [lack.measure for lack in moment_share.lacks(machine)]
    assert not machine.copies.exists()


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 61])
def test_a_bad_name_is_refused(world: World, name: str) -> None:
    with pytest.raises(BadName):
        moments.keep(machine=world.running(), name=name, by=world.student)


@pytest.mark.parametrize(
    "state", ["new", "queued", "building", "shelved", "archiving", "archived", "failed", "deleting", "gone"]
)
def test_without_a_disk_on_a_host_it_is_refused_with_a_sentence(world: World, state: str) -> None:
    machine = world.running()
    Machine.objects.update(state=state)
    with pytest.raises(WrongState, match=r"\w{4}"):
        moments.keep(machine=machine, name="a", by=world.student)


def test_a_busy_cloud_is_asked_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = world.running()
    moment = moments.keep(machine=machine, name="a", by=world.student)
    world.cloud.busy = True
    disk_images.tend(world.cloud, timezone.now())
    world.cloud.busy = False
    moment.refresh_from_db()
    assert moment.state == "due"


@pytest.mark.parametrize("error", [CloudRefused, CloudLimit, CloudGone])
def test_one_that_the_cloud_refuses_says_so_and_gives_its_share_back(
    world: World, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def refuses(*_args: object) -> None:
        raise error("no")

    machine = world.running()
    monkeypatch.setattr(world.cloud, "ensure_archived", refuses)
    moment = made(world, machine)
    assert (moment.state, bool(str(moment.note)), counted(world)) == ("failed", True, (0, 0))
    tidied(world)
    assert moments.of(machine) == [moment]
    with pytest.raises(WrongState, match="could not be kept"):
        moments.restore(machine=machine, number=1, by=world.student)


def test_a_killed_worker_makes_no_second_image(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = world.running()
    moment = moments.keep(machine=machine, name="a", by=world.student)
    with monkeypatch.context() as killed:
        killed.setattr(
            disk_images, "_go_on", lambda image, cloud, now: cloud.ensure_archived(image.server_id, image.name)
        )
        disk_images.tend(world.cloud, timezone.now())
    world.clock.move(61)
    for _turn in range(5):
        go_on(world)
    moment.refresh_from_db()
    assert (moment.state, list(world.cloud.archives)) == ("ready", [moment.image_id])


def test_a_disk_that_is_reset_before_the_copy_began_is_not_kept_as_that_moment(world: World) -> None:
    machine = world.running()
    moment = moments.keep(machine=machine, name="a", by=world.student)
    actions.reset(machine=machine, by=world.student)
    disk_images.tend(world.cloud, timezone.now())
    moment.refresh_from_db()
    assert (moment.state, world.called("ensure_archived")) == ("failed", 0)


# ---- deleted ----


def test_deleting_gives_back_its_share_and_its_image(world: World) -> None:
    machine = world.running()
    made(world, machine)
    moments.delete(machine=machine, number=1, by=world.student)
    assert (moments.of(machine), counted(world)) == ([], (0, 0))
    tidied(world)
    assert world.cloud.archives == {}
    with pytest.raises(Refusal):
        moments.delete(machine=machine, number=1, by=world.student)


def test_one_that_is_deleted_while_it_is_made_leaves_nothing(world: World) -> None:
    machine = world.running()
    moments.keep(machine=machine, name="a", by=world.student)
    disk_images.tend(world.cloud, timezone.now())
    moments.delete(machine=machine, number=1, by=world.student)
    for _turn in range(5):
        go_on(world)
    tidied(world)
    assert (world.cloud.archives, moments.of(machine), counted(world)) == ({}, [], (0, 0))
    assert made(world, machine).number == 2


def test_a_cloud_that_is_busy_is_asked_again_to_delete_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_args: object) -> None:
        raise CloudBusy("busy")

    machine = world.running()
    made(world, machine)
    moments.delete(machine=machine, number=1, by=world.student)
    with monkeypatch.context() as patched:
        patched.setattr(world.cloud, "ensure_not_archived", busy)
        tidied(world)
    assert world.cloud.archives
    world.clock.move(3600)
    tidied(world)
    assert world.cloud.archives == {}


def test_they_stay_in_the_bin_and_go_with_the_machine(world: World) -> None:
    machine = world.running()
    moment = made(world, machine)
    actions.bin(machine=machine, by=world.student)
    machine = world.until(machine, "archived")
    tidied(world)
    assert (moment.image_id in world.cloud.archives, moments.of(machine)) == (True, [moment])
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")
    tidied(world)
    assert (world.cloud.archives, counted(world)) == ({}, (0, 0))


def test_of_a_machine_that_vanished_they_can_be_downloaded_for_some_days(world: World) -> None:
    machine = world.running()
    moment = made(world, machine)
    world.cloud.ensure_deleted(machine.server_id)
    machine = world.until(machine, "gone")
    tidied(world)
    assert disk_images.left_of([machine]) == {machine.pk: moment}
    world.clock.move(timedelta(days=15).total_seconds())
    tidied(world)
    assert world.cloud.archives == {}
