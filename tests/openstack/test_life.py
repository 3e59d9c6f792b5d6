"""The whole life of a machine on the real cloud, as its owner reads it; and what the cloud's own people do to it."""

from typing import TYPE_CHECKING

import pytest

from cloud.contract import Server, Status
from tests.openstack.openstack_stage import HUGE_GB, OpenStackStage

if TYPE_CHECKING:
    from accounts.models import User
    from machines.models import Machine
    from tests.openstack.real_world import RealWorld

pytestmark = [pytest.mark.xdist_group("archives"), pytest.mark.django_db]


@pytest.fixture
def world(stage: OpenStackStage, student: "User") -> "RealWorld":
    from tests.openstack.real_world import RealWorld

    return RealWorld(stage, student)


def test_a_life_from_launch_to_delete(world: "RealWorld", stage: OpenStackStage) -> None:
    from machines import actions

    machine = world.running()
    address = machine.address
    for verb, state in (
        (actions.suspend, "suspended"),
        (actions.wake, "running"),
        (actions.shelve, "shelved"),
        (actions.wake, "running"),
        (actions.reset, "running"),
    ):
        verb(machine=machine, by=world.student)
        world.until(machine, state)
        assert machine.address == address
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")
    assert str(machine.pk) not in {server.machine for server in stage.cloud.list_servers().servers}


# ---- in Horizon ----


@pytest.mark.parametrize(
    ("action", "state", "sentence"),
    [
        ("suspend", "suspended", "Somebody put it to sleep on the cluster itself."),
        ("pause", "suspended", "Somebody put it to sleep on the cluster itself."),
        ("os-stop", "suspended", "It was switched off, from inside or on the cluster itself."),
    ],
)
def test_what_somebody_put_to_sleep_sleeps_and_wakes(
    world: "RealWorld", stage: OpenStackStage, server: Server, action: str, state: str, sentence: str
) -> None:
    from machines import actions

    machine = world.until(world.holding(server), "running")
    stage.by_hand(server, action)
    world.until(machine, state)
    assert str(machine.note) == sentence
    actions.wake(machine=machine, by=world.student)
    world.until(machine, "running")


def test_what_somebody_put_away_is_put_away(world: "RealWorld", stage: OpenStackStage, server: Server) -> None:
    machine = world.until(world.holding(server), "running")
    stage.by_hand(server, "shelve")
    world.until(machine, "shelved")
    assert "Somebody put it away on the cluster itself." in world.history(machine)


def test_what_somebody_woke_is_awake(world: "RealWorld", stage: OpenStackStage, server: Server) -> None:
    from machines import actions

    machine = world.until(world.holding(server), "running")
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    stage.by_hand(server, "resume")
    world.until(machine, "running")
    assert "Somebody woke it on the cluster itself." in world.history(machine)


def test_a_name_from_horizon_is_its_name(world: "RealWorld", stage: OpenStackStage, server: Server) -> None:
    machine = world.until(world.holding(server), "running")
    stage.admin.compute.put(f"/servers/{server.id}", json={"server": {"name": "from-horizon"}})
    world.turn()
    machine.refresh_from_db()
    assert (machine.name, machine.state) == ("from-horizon", "running")


def test_what_somebody_rebuilt_runs(world: "RealWorld", stage: OpenStackStage, server: Server) -> None:
    machine = world.until(world.holding(server), "running")
    stage.by_hand(server, "rebuild", {"imageRef": stage.image_id})
    world.turn()
    stage.settle()
    world.until(machine, "running")
    now = stage.look(server)
    assert (now.machine, now.address, now.resets) == (server.machine, server.address, server.resets)


def broken(world: "RealWorld", stage: OpenStackStage, server: Server) -> "Machine":
    """A server that ran, after `openstack server set --state error`."""
    machine = world.until(world.holding(server), "running")
    stage.break_server(server)
    return world.until(machine, "failed")


def test_an_error_is_a_sentence_and_trying_again_restarts_it(
    world: "RealWorld", stage: OpenStackStage, server: Server
) -> None:
    from machines import actions

    machine = broken(world, stage, server)
    assert str(machine.note).startswith("The cluster reports an error with it. Try again")
    actions.retry(machine=machine, by=world.student)
    world.until(machine, "running")
    assert (stage.look(server).resets, machine.restarts_done) == (server.resets, server.restarts + 1)
    assert "Its power is cut and switched on again" in world.history(machine)


def test_when_force_did_not_help_it_is_stopped_and_started(
    world: "RealWorld", stage: OpenStackStage, server: Server
) -> None:
    from machines import actions

    machine = broken(world, stage, server)
    actions.retry(machine=machine, by=world.student)
    type(machine).objects.filter(pk=machine.pk).update(repair="reboot")
    world.until(machine, "running")
    assert "It is switched off and started" in world.history(machine)


def test_a_reset_mends_what_nothing_else_did(world: "RealWorld", stage: OpenStackStage, server: Server) -> None:
    from machines import actions

    machine = broken(world, stage, server)
    type(machine).objects.filter(pk=machine.pk).update(repair="used_up")
    actions.reset(machine=machine, by=world.student)
    world.until(machine, "running")
    assert stage.look(server).resets == server.resets + 1


def test_a_rescue_is_ended_by_trying_again(
    world: "RealWorld", stage: OpenStackStage, server: Server, admin: "User"
) -> None:
    from machines import actions

    machine = broken(world, stage, server)
    actions.rescue(machine=machine, by=admin)
    world.turn()
    stage.settle()
    assert stage.look(server).status == Status.RESCUED
    actions.retry(machine=machine, by=world.student)
    world.until(machine, "running")


def test_without_another_computer_it_stays_where_it_is(
    world: "RealWorld", stage: OpenStackStage, server: Server, admin: "User"
) -> None:
    from machines import actions

    machine = world.until(world.holding(server), "running")
    actions.move(machine=machine, by=admin)
    world.until(machine, "running")
    assert "could not be moved" in world.history(machine)


def test_one_that_somebody_deleted_is_gone_with_a_sentence(
    world: "RealWorld", stage: OpenStackStage, server: Server
) -> None:
    machine = world.until(world.holding(server), "running")
    cursor = stage.cloud.list_servers().cursor
    stage.admin.compute.delete_server(server.id)
    world.until(machine, "gone")
    told = {one.id: one.status for one in stage.cloud.list_servers(cursor).servers}
    assert told[server.id] == Status.DELETED
    assert str(machine.note) == "It no longer exists on the cluster: somebody deleted it there."


# ---- no room ----


def test_a_size_that_is_too_big_waits_in_words_of_people(world: "RealWorld", huge: str) -> None:
    world.size(huge)  # our catalogue still believes that it is small, so Nova has to say it
    machine = world.launch()
    for _ in range(40):
        world.turn()
        machine.refresh_from_db()
        if machine.state == "queued":
            break
    assert str(machine.note) == "The cluster is full. This machine is next: it starts as soon as there is room."
    assert "No valid host" not in world.history(machine)
    assert world.known_servers(machine) == []


def test_placement_is_asked_before_nova(world: "RealWorld", huge: str) -> None:
    machine = world.launch()
    world.size(huge, disk_gb=HUGE_GB)
    for _ in range(6):
        world.turn()
    machine.refresh_from_db()
    assert (machine.state, machine.build_started_at) == ("queued", None)


def test_a_size_that_is_too_big_is_refused_before_it_is_asked_for(world: "RealWorld", huge: str) -> None:
    from lib.notes import Refusal
    from tests.factories import grant

    for _ in range(2):  # the first makes the sweep's row
        world.turn()
    grant(world.student, disk_gb=HUGE_GB)
    world.size(huge, disk_gb=HUGE_GB)
    with pytest.raises(Refusal, match=r"big enough"):
        world.launch()
