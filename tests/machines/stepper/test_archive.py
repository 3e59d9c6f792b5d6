"""An archive keeps the disk and gives back the rest; the way there and back survives whatever happens on it."""

from copy import copy
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps

from lib.notes import Refusal
from machines import actions
from machines.models import DiskImage, Machine
from machines.states import Wanted
from portal.ops.metrics import Metrics
from quotas.models import Grant, Reservation
from tests.cloud.fake import FakeCloud, FullCloud, LosesReply, LosesRequest, SlowCloud
from tests.machines.found import given, stray_of
from tests.machines.stepper.archived_machines import RESTS, archived, at_rest, open_shares
from tests.machines.world import World
from tunnels.models import Tunnel


@pytest.mark.parametrize("state", RESTS)
def test_it_leaves_an_image_and_nothing_else(world: World, state: str) -> None:
    machine = archived(world, state)
    assert list(world.cloud.archives) == [machine.archive_id]
    assert (world.known(machine), machine.server_id, open_shares()) == ([], "", 0)


def test_one_that_runs_is_switched_off_before_it_is_copied(world: World) -> None:
    archived(world)
    verbs = [call[0] for call in world.cloud.calls]
    assert verbs.index("ensure_stopped") < verbs.index("ensure_archived") < verbs.index("ensure_deleted")


def test_the_server_is_deleted_only_when_its_image_is_whole(world: World) -> None:
    machine = at_rest(world, "shelved")
    actions.archive(machine=machine, by=world.student)
    while not world.called("ensure_deleted"):
        world.turn()
    machine.refresh_from_db()
    assert world.cloud.archives[machine.archive_id].ready


def test_its_name_and_its_ports_stay_and_are_shut(world: World) -> None:
    machine = world.running()
    before = list(Tunnel.objects.of(machine.pk).values_list("service", "port"))
    actions.archive(machine=machine, by=world.student)
    world.until(machine, "archived")
    world.turn()
    assert list(Tunnel.objects.of(machine.pk).values_list("service", "port")) == before
    assert {tunnel.state for tunnel in Tunnel.objects.of(machine.pk)} == {"closed"}


def test_it_comes_back_from_its_archive_without_the_templates_script(world: World) -> None:
    type(world.template).objects.update(user_data="#!/bin/sh\necho first")
    machine = archived(world)
    actions.restore(machine=machine, by=world.student)
    world.until(machine, "running")
    spec = world.cloud._rows[machine.server_id].spec
    assert (spec.image_id, spec.user_data) == (next(iter(world.cloud.archives)), "")
    assert (len(world.known(machine)), open_shares(), machine.archive_id) == (1, 1, "")


def test_a_restore_is_no_second_launch(world: World) -> None:
    """/metrics counts from the click on launch to the first readiness: not the days until a restore."""
    machine = archived(world)
    world.clock.move(10 * 86_400)
    before = Metrics().launches.read(world.clock.now)
    actions.restore(machine=machine, by=world.student)
    world.until(machine, "running")
    assert Metrics().launches.read(world.clock.now) == before
    assert [count for count, _seconds in before.values()] == [1]


def test_an_adopted_machine_is_no_launch_when_it_comes_back(world: World) -> None:
    machine = world.until(given(world, stray_of(world)), "running")
    world.clock.move(86_400)
    actions.archive(machine=machine, by=world.student)
    world.until(machine, "archived")
    actions.restore(machine=machine, by=world.student)
    world.until(machine, "running")
    assert Metrics().launches.read(world.clock.now) == {}


def test_launches_of_the_past_ended_when_they_ran_first(world: World) -> None:
    """The migration reads the time from the history; an adopted machine's is when it was made."""
    restored_one, adopted, unborn = (
        archived(world),
        world.until(given(world, stray_of(world)), "running"),
        world.launch(),
    )
    first = Machine.objects.get(pk=restored_one.pk).first_ready_at
    Machine.objects.update(first_ready_at=None)
    Machine.objects.filter(pk=restored_one.pk).update(ready_at=world.clock.now)
    import_module("machines.migrations.0021_fill_first_ready_at").fill(apps, None)
    filled = {row.pk: row.first_ready_at for row in Machine.objects.all()}
    assert filled[restored_one.pk] == pytest.approx(first, abs=timedelta(seconds=1))
    assert (filled[adopted.pk], filled[unborn.pk]) == (adopted.created_at, None)


def test_an_extra_port_keeps_its_share_all_the_way(world: World) -> None:
    machine = world.running()
    tunnel = actions.open_port(machine=machine, port=8080, by=world.student)
    world.until(machine, "running")
    actions.archive(machine=machine, by=world.student)
    world.until(machine, "archived")
    assert (open_shares(), Reservation.objects.get(holder=tunnel.pk).closed_at) == (0, None)
    actions.restore(machine=machine, by=world.student)
    assert (open_shares(), Reservation.objects.get(holder=tunnel.pk).closed_at) == (1, None)


def test_a_full_quota_refuses_to_restore_with_the_numbers(world: World) -> None:
    machine = archived(world)
    Grant.objects.update(machines=0)
    with pytest.raises(Refusal, match="0 of your 0 machines"):
        actions.restore(machine=machine, by=world.student)
    machine.refresh_from_db()
    assert machine.wanted == Wanted.ARCHIVED


@pytest.mark.parametrize("cloud", [FullCloud()], ids=["full"])
def test_a_full_cluster_queues_one_that_comes_back(world: World, cloud: FakeCloud) -> None:
    cloud.full = False
    machine = archived(world)
    cloud.full = True
    actions.restore(machine=machine, by=world.student)
    for _turn in range(5):
        world.turn()
    machine.refresh_from_db()
    assert (machine.state, world.known(machine)) == ("queued", [])
    cloud.full = False
    world.until(machine, "running")


def test_full_told_late_queues_one_that_comes_back(world: World) -> None:
    machine = archived(world)
    actions.restore(machine=machine, by=world.student)
    world.turn()
    world.turn()
    world.cloud.break_server(world.known(machine)[0], "No valid host was found.", full=True)
    world.turn()
    machine.refresh_from_db()
    assert machine.state == "queued"
    world.until(machine, "running")


def test_one_that_waits_for_room_can_be_archived_again(world: World) -> None:
    machine = archived(world)
    world.cloud.full = True
    actions.restore(machine=machine, by=world.student)
    for _turn in range(3):
        world.turn()
    actions.bin(machine=machine, by=world.student)
    world.until(machine, "archived")
    assert (open_shares(), len(world.cloud.archives)) == (0, 1)


@pytest.mark.slow
@pytest.mark.parametrize("cloud", [LosesRequest(), LosesReply(), SlowCloud()], ids=lambda c: type(c).__name__)
@pytest.mark.parametrize("state", RESTS)
def test_each_lost_call_costs_a_turn_and_never_a_disk(world: World, state: str) -> None:
    machine = at_rest(world, state)
    for _round in range(2):
        actions.archive(machine=machine, by=world.student)
        world.until(machine, "archived", turns=150)
        assert (world.known(machine), len(world.cloud.archives)) == ([], 1)
        actions.restore(machine=machine, by=world.student)
        world.until(machine, "running", turns=150)
        assert len(world.known(machine)) == 1
        world.cloud.archives.clear()  # as the tidy-up does


@pytest.mark.slow
@pytest.mark.parametrize("state", RESTS)
@pytest.mark.parametrize("end", ["running", "gone"])
def test_a_mind_changed_on_the_way_is_followed(world: World, state: str, end: str) -> None:
    """Try each of ten moments."""
    machine = at_rest(world, state)
    actions.archive(machine=machine, by=world.student)
    for turns in range(10):
        with world.what_if(f"after {turns} turns"):
            _changes_to(world, copy(machine), end)
        world.turn()


def _changes_to(world: World, machine: Machine, end: str) -> None:
    (actions.restore if end == "running" else actions.delete)(machine=machine, by=world.student)
    world.until(machine, end)
    assert (len(world.known(machine)), open_shares()) == ((1, 1) if end == "running" else (0, 0))
    kept = set(DiskImage.objects.filter(kind="spent").values_list("image_id", flat=True))
    assert set(world.cloud.archives) == kept


@pytest.mark.slow
@pytest.mark.parametrize("end", ["archived", "gone"])
def test_a_mind_changed_on_the_way_back_is_followed(world: World, end: str) -> None:
    """Try each of eight moments."""
    machine = archived(world)
    actions.restore(machine=machine, by=world.student)
    for turns in range(8):
        with world.what_if(f"after {turns} turns"):
            _changes_back_to(world, copy(machine), end)
        world.turn()


def _changes_back_to(world: World, machine: Machine, end: str) -> None:
    (actions.bin if end == "archived" else actions.delete)(machine=machine, by=world.student)
    world.until(machine, end)
    assert (world.known(machine), open_shares()) == ([], 0)
    assert len(world.cloud.archives) == (1 if end == "archived" else 0) + DiskImage.objects.filter(kind="spent").count()
