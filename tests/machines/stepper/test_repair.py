"""A machine that broke comes back without losing its disk, each means tried only where the one before did not help."""

import pytest

from accounts.models import User
from machines import actions
from machines.models import Machine
from machines.rules import WrongState, allowed
from tests.cloud.fake import FakeCloud, LosesReply, LosesRequest, SlowCloud
from tests.machines.world import World
from tunnels.models import Tunnel

MEANS = {"hard": "ensure_hard_restarted", "stop": "ensure_stopped", "start": "ensure_running"}


def broken(world: World) -> Machine:
    """Make a machine that ran, and of which the cloud says ERROR."""
    machine = world.running()
    world.cloud.break_server(machine.server_id)
    world.clock.move(16)
    world.turn()
    return world.until(machine, "failed")


def tried_again(world: World, machine: Machine, state: str = "running") -> Machine:
    actions.retry(machine=machine, by=world.student)
    world.turn()
    return world.until(machine, state)


def used_up(world: World) -> Machine:
    world.cloud.cures = set()
    return tried_again(world, broken(world), "failed")


def test_trying_again_restarts_it_by_force_and_keeps_its_disk(world: World) -> None:
    machine = tried_again(world, broken(world))
    assert (world.called("ensure_hard_restarted"), world.called("ensure_rebuilt")) == (1, 0)
    assert (machine.repair, world.known(machine)) == ("", [machine.server_id])


def test_what_answered_before_the_power_was_cut_must_answer_anew(world: World) -> None:
    """A service that answered before the power cut must answer anew, or people would be let in before it has booted."""
    machine = broken(world)
    world.agent_works = False
    actions.retry(machine=machine, by=world.student)
    world.turn()
    assert not Tunnel.objects.filter(holder=machine.pk, answered_at__isnull=False).exists()


def test_one_whose_tag_was_wiped_keeps_its_server(world: World) -> None:
    machine = broken(world)
    before = machine.server_id
    world.cloud._by_hand(before, machine="")
    assert tried_again(world, machine).server_id == before


def test_one_that_is_well_after_all_is_left_alone(world: World) -> None:
    machine = broken(world)
    world.cloud.hand_wake(machine.server_id)
    tried_again(world, machine)
    assert world.called("ensure_hard_restarted") == 0


def test_where_force_does_not_help_it_is_stopped_and_started(world: World) -> None:
    world.cloud.cures = {"stop", "start"}
    tried_again(world, broken(world))
    assert [world.called(verb) for verb in MEANS.values()] == [1, 1, 1]


@pytest.mark.parametrize("cures", [set(), {"stop"}, {"start"}], ids=["none", "stop", "start"])
def test_when_nothing_helps_it_says_what_is_left_and_nothing_was_rebuilt(world: World, cures: set[str]) -> None:
    world.cloud.cures = cures
    machine = tried_again(world, broken(world), "failed")
    assert (machine.repair, world.called("ensure_rebuilt")) == ("used_up", 0)
    assert "Download its disk first." in str(machine.note)


def test_a_reset_is_offered_only_when_nothing_else_helped(world: World) -> None:
    machine = broken(world)
    assert "reset" not in allowed(machine)
    with pytest.raises(WrongState):
        actions.reset(machine=machine, by=world.student)
    world.cloud.cures = set()
    assert "reset" in allowed(tried_again(world, machine, "failed"))


def test_after_all_failed_a_reset_mends_it(world: World) -> None:
    machine = used_up(world)
    world.cloud.cures = {"hard", "stop", "start"}
    actions.reset(machine=machine, by=world.student)
    assert world.until(machine, "running").repair == ""
    assert world.called("ensure_rebuilt") == 1


def test_trying_again_after_all_failed_begins_anew(world: World) -> None:
    machine = used_up(world)
    world.cloud.cures = {"hard"}
    tried_again(world, machine)
    assert world.called("ensure_hard_restarted") == 2


def test_a_restart_after_a_repair_restarts_it(world: World) -> None:
    world.cloud.cures = {"stop", "start"}
    machine = tried_again(world, broken(world))
    actions.restart(machine=machine, by=world.student)
    world.turn()
    world.until(machine, "running")
    assert world.called("ensure_restarted") == 1


def test_a_sleeper_that_broke_sleeps_again(world: World) -> None:
    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    world.cloud.break_server(machine.server_id)
    world.clock.move(16)
    world.turn()
    tried_again(world, world.until(machine, "failed"), "suspended")


def test_a_wake_that_breaks_is_repaired_by_itself(world: World) -> None:
    world.cloud.cures = {"hard"}
    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    actions.wake(machine=machine, by=world.student)
    world.until(machine, "running")
    assert world.called("ensure_hard_restarted") == 1


@pytest.mark.slow
@pytest.mark.parametrize("cloud", [LosesRequest(), LosesReply(), SlowCloud()], ids=lambda c: type(c).__name__)
def test_each_lost_call_of_a_repair_is_made_up_for(world: World, cloud: FakeCloud) -> None:
    cloud.cures = {"stop", "start"}
    machine = tried_again(world, broken(world))
    assert (machine.restarts_asked == machine.restarts_done, world.known(machine)) == (True, [machine.server_id])


def test_a_worker_killed_before_it_recorded_restarts_nothing_twice(world: World) -> None:
    machine = broken(world)
    actions.retry(machine=machine, by=world.student)
    Machine.objects.update(restarts_asked=1, repair="asked")
    world.cloud.ensure_hard_restarted(machine.server_id, 1)  # and then it died
    world.turn()
    world.until(machine, "running")
    assert world.cloud.server(machine.server_id).restarts == 1


# ---- soft, then hard ----


def stuck_in_a_restart(world: World) -> Machine:
    machine = world.running()
    world.cloud.tick = lambda: None  # type: ignore[method-assign]  # the guest does not listen
    actions.restart(machine=machine, by=world.student)
    world.turn()
    return machine


def test_a_restart_gets_two_minutes_before_its_power_is_cut(world: World) -> None:
    stuck_in_a_restart(world)
    world.clock.move(110)
    world.turn()
    assert world.called("ensure_hard_restarted") == 0
    world.clock.move(11)
    world.turn()
    world.turn()
    assert world.called("ensure_hard_restarted") == 1


def test_a_restart_by_force_ends_as_any_other(world: World) -> None:
    machine = stuck_in_a_restart(world)
    world.clock.move(121)
    world.turn()
    del world.cloud.tick
    world.until(machine, "running")
    assert (machine.restarts_done, machine.cloud_restarts, world.called("ensure_hard_restarted")) == (1, 1, 1)


# ---- what administrators may do besides ----


def test_a_rescued_machine_needs_attention_until_it_is_tried_again(world: World, admin: User) -> None:
    machine = broken(world)
    actions.rescue(machine=machine, by=admin)
    world.turn()
    world.turn()
    assert world.cloud.server(machine.server_id).status == "rescued"
    assert "rescue image" in str(world.until(machine, "failed").note)
    tried_again(world, machine)


def test_one_that_runs_can_be_rescued_and_its_ports_close(world: World, admin: User) -> None:
    machine = world.running()
    actions.rescue(machine=machine, by=admin)
    world.turn()
    world.until(machine, "failed")
    assert {t.wanted for t in Tunnel.objects.of(machine.pk)} == {"closed"}


def test_a_rescue_that_is_ended_on_the_cluster_is_followed(world: World, admin: User) -> None:
    machine = broken(world)
    actions.rescue(machine=machine, by=admin)
    for _turn in range(3):
        world.turn()
    world.cloud.hand_wake(machine.server_id)
    world.clock.move(16)
    world.turn()
    world.until(machine, "running")


def test_a_rescue_by_hand_is_seen(world: World) -> None:
    machine = world.running()
    world.cloud.hand_rescue(machine.server_id)
    world.clock.move(16)
    world.turn()
    assert "rescue image" in str(world.until(machine, "failed").note)


@pytest.mark.parametrize("is_broken", [False, True])
def test_it_is_moved_to_another_computer(world: World, admin: User, is_broken: bool) -> None:
    machine = broken(world) if is_broken else world.running()
    before = machine.host
    actions.move(machine=machine, by=admin)
    world.turn()
    world.until(machine, "running")
    assert (machine.host != before, machine.moves_done, machine.moved_from) == (True, 1, "")
    assert world.called("ensure_rebuilt") == 0


def test_without_another_computer_it_stays_and_says_so(world: World, admin: User) -> None:
    machine = world.running()
    world.cloud.has_other_host = False
    actions.move(machine=machine, by=admin)
    world.turn()
    world.until(machine, "running")
    assert "could not be moved" in " ".join(str(event.note) for event in machine.events.all())


@pytest.mark.slow
@pytest.mark.parametrize("cloud", [LosesRequest(), LosesReply(), SlowCloud()], ids=lambda c: type(c).__name__)
def test_each_lost_call_of_a_move_is_made_up_for(world: World, cloud: FakeCloud, admin: User) -> None:
    machine = broken(world)
    actions.move(machine=machine, by=admin)
    world.turn()
    world.until(machine, "running", turns=90)
    assert (cloud.server(machine.server_id).moves, machine.moves_done) == (1, 1)
