"""Deeds on the cluster itself are taken over, told once, and never fought with."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cloud.contract import CloudError, Listing, Owner, Server, Status
from machines import actions
from machines.models import CloudWatch, Machine
from machines.reconcile import sweep
from machines.stepper import server_spec, worker
from tests.cloud.fake import FakeCloud
from tests.machines.world import World
from tunnels.models import Tunnel


def look_again(world: World, *, whole: bool = False) -> None:
    """Let a list be due, and take what follows."""
    if whole:
        world.forget_list()
    world.clock.move(16)
    world.turn()


def told(machine: Machine) -> list[str]:
    return [str(event.note) for event in machine.events.filter(kind="noted")]


def other_server(world: World, machine: Machine) -> Server:
    """Make a second server with this machine's tag that is up."""
    made = world.cloud._build(server_spec.spec_of(Machine.objects.get(pk=machine.pk)))
    world.cloud.settle()
    return world.cloud.server(made.id)


def foreign_server(world: World, machine: Machine) -> Server:
    """Make a server as a student does in Horizon, in a project of their own, and write there that it is this machine's."""
    spec = replace(server_spec.spec_of(Machine.objects.get(pk=machine.pk)), owner=Owner("somebody-else"))
    made = world.cloud._build(spec)
    world.cloud.settle()
    world.cloud._by_hand(made.id, owner=str(machine.owner.uuid))
    return world.cloud.server(made.id)


# ---- its server is gone and another has its tag ----


@pytest.mark.parametrize("trace", [True, False])
def test_another_server_with_its_tag_stands_in(world: World, trace: bool) -> None:
    machine = world.running()
    other = other_server(world, machine)
    world.cloud.vanish(machine.server_id, trace=trace)
    look_again(world, whole=not trace)
    world.until(machine, "running")
    assert machine.server_id == other.id
    assert {tunnel.target_host for tunnel in Tunnel.objects.of(machine.pk)} == {other.address}
    assert told(machine)[0].startswith("Its server no longer exists on the cluster, but another one")


def test_the_oldest_of_several_stands_in(world: World) -> None:
    machine = world.running()
    first = other_server(world, machine)
    world.clock.move(5)
    other_server(world, machine)
    world.cloud.vanish(machine.server_id)
    look_again(world)
    assert world.until(machine, "running").server_id == first.id


def test_one_of_another_project_that_claims_its_tag_stands_in_for_nobody(world: World) -> None:
    machine = world.running()
    foreign_server(world, machine)
    world.cloud.vanish(machine.server_id)
    look_again(world, whole=True)
    world.until(machine, "gone")
    assert machine.vanished


def test_one_of_another_project_is_not_taken_for_a_machine_s_own(world: World) -> None:
    machine = world.launch()
    Machine.objects.update(asked_at=world.clock.now)  # so that a server of its own is looked for
    forged = foreign_server(world, machine)
    world.until(machine, "running")
    assert machine.server_id != forged.id
    assert {tunnel.target_host for tunnel in Tunnel.objects.of(machine.pk)} == {machine.address}


def test_one_of_another_project_does_not_go_with_the_machine(world: World) -> None:
    machine = world.launch()
    forged = foreign_server(world, machine)
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")
    assert world.cloud.server(forged.id).status == Status.ACTIVE


def test_one_that_sleeps_stands_in_asleep(world: World) -> None:
    machine = world.running()
    world.cloud.hand_suspend(other_server(world, machine).id)
    world.cloud.vanish(machine.server_id)
    look_again(world)
    assert world.until(machine, "suspended").wanted == "suspended"


def test_none_stands_in_for_one_that_was_to_go(world: World) -> None:
    machine = world.running()
    other_server(world, machine)
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")


def test_one_that_another_row_has_stands_in_for_nobody(world: World) -> None:
    machine, second = world.running(), world.until(world.launch("second"), "running")
    world.cloud._by_hand(second.server_id, machine=str(machine.pk))
    world.cloud.vanish(machine.server_id)
    look_again(world)
    machine.refresh_from_db(), second.refresh_from_db()
    assert (machine.state, second.state) == ("gone", "running")


def test_one_that_is_deleted_is_known_by_its_number_when_its_tag_is_lost(world: World) -> None:
    machine = world.running()
    world.cloud.vanish(machine.server_id)
    world.cloud._by_hand(machine.server_id, machine="", owner="")
    look_again(world)
    machine.refresh_from_db()
    assert machine.state == "gone"


# ---- counters ----


def test_resets_and_restarts_that_we_know_nothing_of_are_taken_over_and_not_done(world: World) -> None:
    machine = world.running()
    world.cloud._by_hand(machine.server_id, resets=3, restarts=2)
    look_again(world)
    world.until(machine, "running")
    assert (machine.resets_asked, machine.resets_done, machine.restarts_asked, machine.restarts_done) == (3, 3, 2, 2)
    assert (world.called("ensure_rebuilt"), world.called("ensure_restarted")) == (0, 0)


def test_the_next_reset_counts_on_from_there(world: World) -> None:
    machine = world.running()
    world.cloud._by_hand(machine.server_id, resets=3)
    look_again(world)
    machine.refresh_from_db()
    actions.reset(machine=machine, by=world.student)
    world.turn()
    world.until(machine, "running")
    assert world.cloud.server(machine.server_id).resets == 4


# ---- what nobody knows ----


@pytest.mark.parametrize("state", ["running", "suspended"])
def test_a_server_that_the_cloud_cannot_see_changes_nothing(world: World, state: str) -> None:
    machine = world.running()
    if state == "suspended":
        actions.suspend(machine=machine, by=world.student)
        world.until(machine, state)
    before = (machine.address, machine.cloud_status, machine.state_since)
    world.cloud._by_hand(machine.server_id, status=Status.UNKNOWN, address="", name="", host="")
    look_again(world, whole=True)
    machine.refresh_from_db()
    assert (machine.state, (machine.address, machine.cloud_status, machine.state_since)) == (state, before)


def test_time_in_which_the_cloud_cannot_see_it_does_not_count(world: World) -> None:
    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    worker.step(machine.pk, world.cloud)
    world.cloud._by_hand(machine.server_id, status=Status.UNKNOWN)
    for _turn in range(20):
        world.clock.move(60)
        world.turn()
    machine.refresh_from_db()
    assert machine.state == "suspending"
    world.cloud._by_hand(machine.server_id, status=Status.SUSPENDED)
    world.until(machine, "suspended")


def test_a_list_that_fails_changes_nothing(world: World, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = world.running()
    before = Machine.objects.filter(pk=machine.pk).values().get()
    cloud.vanish(machine.server_id)

    def half(changes_since: str | None = None) -> Listing:
        raise CloudError("The second page did not come.")

    monkeypatch.setattr(cloud, "list_servers", half)
    world.clock.move(61)
    world.turn()
    assert Machine.objects.filter(pk=machine.pk).values().get() == before
    assert CloudWatch.get_solo().cursor == ""  # the next list is a whole one


# ---- names ----


def test_a_server_renamed_by_hand_renames_its_machine(world: World) -> None:
    machine = world.running()
    world.cloud._by_hand(machine.server_id, name="from-horizon")
    look_again(world)
    machine.refresh_from_db()
    assert (machine.name, world.called("ensure_renamed")) == ("from-horizon", 0)
    assert told(machine) == ["Renamed on the cluster itself, from “mine” to “from-horizon”."]


def test_a_name_from_there_is_made_fit_to_be_shown(world: World) -> None:
    machine = world.running()
    world.cloud._by_hand(machine.server_id, name="a\u202eb\n" + "x" * 300)
    look_again(world)
    machine.refresh_from_db()
    assert machine.name == "ab" + "x" * 58


def test_a_name_of_ours_on_its_way_wins(world: World) -> None:
    machine = world.running()
    world.cloud._by_hand(machine.server_id, name="from-horizon")
    actions.rename(machine=machine, name="ours", by=world.student)
    look_again(world)
    world.until(machine, "running")
    assert (machine.name, world.cloud.server(machine.server_id).name) == ("ours", "ours")


def test_a_list_that_began_before_our_rename_does_not_undo_it(world: World, cloud: FakeCloud) -> None:
    machine = world.running()
    for name in ("blue", "green"):
        actions.rename(machine=machine, name=name, by=world.student)
        worker.step(machine.pk, cloud)
    old = replace(cloud.server(machine.server_id), name="blue")
    sweep.apply_listing([old], world.clock.now - timedelta(seconds=1), whole=False)
    machine.refresh_from_db()
    assert machine.name == "green"


# ---- a reset by hand, a break ----


def test_a_reset_by_hand_is_told_and_not_fought_with(world: World, cloud: FakeCloud) -> None:
    machine = world.running()
    row = cloud._rows[machine.server_id]
    cloud._start(row, "rebuilding", {"status": Status.ACTIVE})
    world.clock.move(16)
    world.cloud.calls.clear()
    sweep.tick(cloud, world.clock.now)
    look_again(world)
    machine.refresh_from_db()
    assert (machine.state, told(machine)) == ("running", ["Somebody reset it on the cluster itself."])
    assert {tunnel.wanted for tunnel in Tunnel.objects.of(machine.pk)} == {"open"}
    assert {call[0] for call in cloud.calls} == {"list_servers"}


def test_our_own_reset_is_not_told_as_somebodys(world: World) -> None:
    machine = world.running()
    actions.reset(machine=machine, by=world.student)
    world.turn()
    world.until(machine, "running")
    assert told(machine) == []


def test_a_break_is_a_sentence_and_the_clouds_words_are_kept_apart(world: World) -> None:
    machine = world.running()
    world.cloud.break_server(machine.server_id, "libvirt: internal error")
    look_again(world)
    world.until(machine, "failed")
    assert str(machine.note).startswith("The cluster reports an error with it. Try again")
    assert machine.cloud_fault == "libvirt: internal error"


def test_drift_that_a_claim_hid_is_seen_by_the_next_whole_list(world: World) -> None:
    machine = world.running()
    Machine.objects.update(claimed_until=world.clock.now + timedelta(seconds=60))
    world.cloud.hand_suspend(machine.server_id)
    look_again(world)
    machine.refresh_from_db()
    assert machine.state == "running"
    Machine.objects.update(claimed_until=None)
    look_again(world, whole=True)
    world.until(machine, "suspended")


def test_one_that_was_started_by_hand_is_given_its_time_to_answer(world: World) -> None:
    machine = world.running()
    world.cloud.hand_suspend(machine.server_id)
    world.until(machine, "suspended")
    world.clock.move(3600)
    world.agent_works = False
    world.cloud._by_hand(machine.server_id, status=Status.ACTIVE)
    for _ in range(30):
        world.turn()
    machine.refresh_from_db()
    assert machine.state == "waking"
