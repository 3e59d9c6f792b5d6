"""A machine that disappears from the cluster: its owner is written to, and what is left of its disk is kept for them."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Notice, User
from accounts.notices import mail
from machines import actions, disk_images
from machines.models import DiskImage, Machine
from tests.machines.world import World


def vanished(world: World) -> Machine:
    machine = world.running()
    world.cloud.vanish(machine.server_id)
    world.until(machine, "gone")
    return machine


def image(machine: Machine, **facts: Any) -> DiskImage:
    now = timezone.now()
    given = {"kind": "download", "state": "ready", "image_id": "i", "size_bytes": 5, "ready_at": now, "expires_at": now}
    return DiskImage.objects.create(machine=machine, **{**given, **facts})


def lost_with(world: World, **facts: Any) -> Machine:
    """Return one of whose disk there is an image."""
    machine = world.running()
    image(machine, **facts)
    world.cloud.vanish(machine.server_id)
    world.until(machine, "gone")
    return machine


def test_its_owner_is_written_to_once(world: World) -> None:
    machine = vanished(world)
    notice = Notice.objects.get(kind="machine.vanished")
    assert (notice.recipient, notice.channel, notice.holder) == (world.student, "mail", machine.pk)


def test_the_mail_says_what_happened_and_where_to_look(world: World, mailoutbox: list[Any]) -> None:
    machine = vanished(world)
    mail.send_due(timezone.now())
    assert mailoutbox[0].subject == f"“{machine.name}” is gone from the cluster"
    assert "no longer has your machine" in mailoutbox[0].body
    assert f"/machines/{machine.pk}/" in mailoutbox[0].body


def test_the_mail_names_the_copy_that_is_left(world: World, mailoutbox: list[Any]) -> None:
    lost_with(world)
    mail.send_due(timezone.now())
    assert "A copy of its disk of 2\u00a0Mar\u00a02026, 10:0" in mailoutbox[0].body


def test_who_has_dismissed_it_is_not_written_to(world: World, mailoutbox: list[Any]) -> None:
    actions.dismiss(machine=vanished(world), by=world.student)
    mail.send_due(timezone.now())
    assert (mailoutbox, Notice.objects.get(kind="machine.vanished").state) == ([], "cancelled")


@pytest.mark.parametrize(
    "facts", [{"binned_at": timezone.now()}, {"is_active": False}], ids=["in the bin", "deactivated"]
)
def test_who_deleted_it_and_who_may_not_sign_in_are_not_written_to(world: World, facts: dict[str, Any]) -> None:
    machine = world.running()
    rows = User.objects if "is_active" in facts else Machine.objects
    rows.update(**facts)
    world.cloud.vanish(machine.server_id)
    world.until(machine, "gone")
    assert not Notice.objects.filter(kind="machine.vanished").exists()


def test_one_that_was_deleted_here_is_not_missed(world: World) -> None:
    machine = world.running()
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")
    assert not Machine.objects.missed().exists()
    assert not Notice.objects.filter(kind="machine.vanished").exists()


@pytest.mark.parametrize(("facts", "is_left"), [
    ({}, True), ({"kind": "spent", "expires_at": None}, True), ({"borrowed": True}, False), ({"state": "failed"}, False),
])  # fmt: skip
def test_an_image_of_its_disk_can_be_downloaded(world: World, facts: dict[str, Any], is_left: bool) -> None:
    assert (disk_images.current(lost_with(world, **facts)) is not None) is is_left


def test_what_is_left_is_kept_for_two_weeks(world: World) -> None:
    machine, now = lost_with(world), timezone.now()
    disk_images.tidy(world.cloud, now + timedelta(days=13))
    assert machine.copies.get().state == "ready"
    disk_images.tidy(world.cloud, now + timedelta(days=15))
    assert machine.copies.get().state == "over"


def test_what_is_left_goes_with_the_card(world: World) -> None:
    machine = lost_with(world)
    actions.dismiss(machine=machine, by=world.student)
    disk_images.tidy(world.cloud, timezone.now())
    assert machine.copies.get().state == "over"


def test_of_one_that_was_deleted_nothing_is_left(world: World) -> None:
    machine = world.running()
    image(machine, expires_at=timezone.now() + timedelta(hours=24))
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")
    assert disk_images.current(machine) is None


@pytest.mark.parametrize(("days", "is_dismissed"), [(13, False), (15, True)])
def test_what_had_left_the_lists_of_0_4_does_not_come_back(world: World, days: int, is_dismissed: bool) -> None:
    from importlib import import_module

    from django.apps import apps

    machine = vanished(world)
    Machine.objects.update(gone_at=timezone.now() - timedelta(days=days))
    import_module("machines.migrations.0028_cards_of_the_vanished").dismiss_old(apps, None)
    assert (not Machine.objects.missed().filter(pk=machine.pk).exists()) is is_dismissed
