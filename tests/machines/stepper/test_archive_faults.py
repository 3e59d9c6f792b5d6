"""Faults and deaths on the way to an archive and back: one image is left, and no disk is lost."""

import pytest

from machines import actions, disk_images
from machines.models import DiskImage, Machine
from machines.reconcile import after_restore, sweep
from machines.reconcile.observe import Observation
from machines.rules import offered
from machines.states import State
from machines.stepper import worker
from tests.machines.stepper.archived_machines import archived, at_rest, open_shares
from tests.machines.world import World


def test_a_wish_between_the_last_look_and_the_last_step_keeps_its_share(world: World) -> None:
    machine = at_rest(world, "shelved")
    actions.archive(machine=machine, by=world.student)
    while machine.cloud_status != "deleted":
        world.turn_without_steps() if machine.archive_id else world.turn()
        machine.refresh_from_db()
    actions.restore(machine=machine, by=world.student)
    worker.step(machine.pk, world.cloud)
    machine.refresh_from_db()
    assert (machine.state, open_shares()) == ("archived", 1)


def test_a_worker_that_dies_while_it_asks_for_the_image_leaves_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = at_rest(world, "shelved")
    actions.archive(machine=machine, by=world.student)
    asked, died = world.cloud.ensure_archived, []

    def dies(server_id: str, name: str) -> None:
        died.append(asked(server_id, name))
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(world.cloud, "ensure_archived", dies)
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - in which of its steps is not the matter
        for _turn in range(5):
            worker.step(machine.pk, world.cloud)
    world.clock.move(61)
    world.until(machine, "archived")
    assert list(world.cloud.archives) == [died[0].id]


def test_the_machine_of_a_server_that_goes_while_it_is_copied_is_gone(world: World) -> None:
    machine = at_rest(world, "suspended")
    actions.archive(machine=machine, by=world.student)
    world.cloud.vanish(machine.server_id)
    world.until(machine, "gone")


def test_a_disk_that_cannot_be_kept_stays_where_it_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from cloud.contract import CloudRefused

    def refuses(*_args: object) -> None:
        raise CloudRefused("Its disk is a volume.")

    machine = at_rest(world, "suspended")
    monkeypatch.setattr(world.cloud, "ensure_archived", refuses)
    actions.bin(machine=machine, by=world.student)
    world.until(machine, "suspended")
    assert (machine.wanted, machine.binned_at) == ("suspended", None)
    assert "cannot be archived" in str(machine.events.filter(kind="noted").first().note)


def test_of_an_archive_that_is_gone_nothing_is_offered_but_to_delete_it(world: World) -> None:
    machine = archived(world)
    world.cloud.archives.clear()
    actions.restore(machine=machine, by=world.student)
    world.until(machine, "failed")
    assert offered(machine) == {"delete", "rename"}
    assert disk_images.current(machine) is None


def test_an_archive_that_is_gone_is_told_in_words_and_can_be_deleted(world: World) -> None:
    machine = archived(world)
    world.cloud.archives.clear()
    actions.restore(machine=machine, by=world.student)
    world.until(machine, "failed")
    assert str(machine.note).startswith("Its archive no longer exists on the cluster")
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")


def test_a_restore_that_broke_is_tried_again_from_the_archive(world: World) -> None:
    machine = archived(world)
    actions.restore(machine=machine, by=world.student)
    world.turn()
    world.turn()
    world.cloud.break_server(world.known(machine)[0])
    world.until(machine, "running")
    assert world.cloud._rows[machine.server_id].spec.image_id in world.cloud.archives
    assert len(world.known(machine)) == 1


def test_deleting_an_archived_machine_deletes_its_image(world: World) -> None:
    machine = archived(world)
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")
    assert (world.cloud.archives, DiskImage.objects.count()) == ({}, 0)


def test_old_news_of_its_server_do_not_end_an_archived_machine(world: World) -> None:
    machine = archived(world)
    Machine.objects.update(cloud_status="deleted", observed_at=None, asked_at=None)
    world.forget_list()
    sweep.apply_observation(Machine.objects.get(), Observation({"observed_at": world.clock.now}), world.clock.now)
    machine.refresh_from_db()
    assert machine.state == State.ARCHIVED


def test_a_server_that_an_archived_machine_left_is_a_stray(world: World) -> None:
    from dataclasses import replace

    from machines.models import Stray

    machine = archived(world)
    left = world.cloud.ensure_server(replace(_spec(machine), is_new=True))
    world.cloud.settle()
    world.forget_list()
    world.clock.move(60)
    world.turn()
    assert Stray.objects.get(server_id=left.id).kind == "second"


def test_after_a_restore_of_the_database_it_is_still_archived(world: World) -> None:
    machine = archived(world)
    Machine.objects.update(held_at=world.clock.now)
    after_restore.compare_with_cloud(world.cloud)
    machine.refresh_from_db()
    assert (machine.state, machine.held_at, list(world.cloud.archives)) == (
        "archived",
        None,
        [machine.archive_id],
    )


def test_after_a_restore_of_an_older_database_it_is_archived_too(world: World) -> None:
    machine = archived(world)
    Machine.objects.update(state="archiving", server_id="gone", held_at=world.clock.now)
    after_restore.compare_with_cloud(world.cloud)
    machine.refresh_from_db()
    assert (machine.state, machine.wanted, machine.server_id, open_shares()) == ("archived", "archived", "", 0)


def _spec(machine: Machine) -> object:
    from machines.stepper.server_spec import spec_of

    return spec_of(machine)
