"""Writes of a worker of 0.2.0 during an upgrade are brought to what this version would have written."""

import pytest
from django.utils import timezone

from machines import actions, archive_share
from machines.models import Machine
from machines.reconcile import overlap
from machines.states import State
from quotas.models import Reservation
from tests.machines.stepper.archived_machines import archived, used
from tests.machines.world import World


@pytest.mark.parametrize(("note", "vanished"), [(overlap.VANISHED, True), ("Deleted.", False)])
def test_what_vanished_under_an_old_worker_is_marked(world: World, note: str, vanished: bool) -> None:
    machine = world.launch()
    Machine.objects.update(state=State.GONE, wanted="gone", state_note={"text": note})
    overlap.catch_up(world.clock.now)
    machine.refresh_from_db()
    assert machine.vanished is vanished


def test_an_archive_that_an_old_worker_finished_is_counted(world: World) -> None:
    machine = archived(world)
    actual = used(world.student)
    Reservation.objects.all().delete()  # it gave back everything, and took nothing
    for _twice in range(2):
        overlap.catch_up(world.clock.now)
    assert used(world.student) == actual == (0, 2, 1, 1)
    assert machine.archive_id


def test_an_extra_port_of_it_is_counted_again(world: World) -> None:
    machine = world.running()
    actions.open_port(machine=machine, port=8080, by=world.student)
    actions.archive(machine=machine, by=world.student)
    world.until(machine, "archived")
    Reservation.objects.all().delete()
    overlap.catch_up(world.clock.now)
    assert used(world.student) == (0, 3, 1, 1)


@pytest.mark.parametrize("state", ["running", "gone"])
def test_an_archive_that_an_old_worker_brought_back_or_deleted_counts_no_more(world: World, state: str) -> None:
    machine = world.running()
    archive_share.take(machine)
    Machine.objects.update(state=state, wanted=state)
    overlap.catch_up(world.clock.now)
    assert used(world.student)[2:] == (0, 0)


def test_one_that_is_on_its_way_to_an_archive_keeps_its_share(world: World) -> None:
    actions.archive(machine=world.running(), by=world.student)
    overlap.catch_up(world.clock.now)
    assert used(world.student)[2:] == (1, 1)


def test_what_is_long_over_is_not_looked_at(world: World) -> None:
    archive_share.take(world.running())
    overlap.catch_up(timezone.now() + 2 * overlap.RECENT)
    assert used(world.student)[2] == 1
