"""A refusal of the cloud is kept until it was seen, though the machine is well and its state says so."""

from typing import Any

import pytest

from accounts.models import User
from cloud.contract import CloudRefused
from machines import actions
from machines.models import Machine
from tests.machines.world import World

CALLS = {
    "suspend": "ensure_suspended",
    "archive": "ensure_stopped",
    "reset": "ensure_rebuilt",
    "rescue": "ensure_rescued",
    "move": "ensure_moved",
}


def refuses(*_args: Any) -> None:
    raise CloudRefused("No.")


def refused(world: World, verb: str, by: User, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = world.running()
    with monkeypatch.context() as patch:
        patch.setattr(world.cloud, CALLS[verb], refuses)
        getattr(actions, verb)(machine=machine, by=by)
        world.turn()
        return world.until(machine, "running")


@pytest.mark.parametrize("verb", CALLS)
def test_a_refusal_outlives_the_way_back_to_running(
    world: World, admin: User, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = refused(world, verb, admin, monkeypatch)
    assert (machine.refused, machine.state_note) == (verb, {})
    assert machine.refusal in [event.note for event in machine.events.all()]


def test_a_move_that_is_refused_on_the_way_is_kept(world: World, admin: User) -> None:
    machine = world.running()
    world.cloud.has_other_host = False
    actions.move(machine=machine, by=admin)
    world.turn()
    assert world.until(machine, "running").refused == "move"


def test_a_refused_rescue_of_a_broken_one_leaves_what_is_wrong_with_it(
    world: World, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = world.running()
    world.cloud.break_server(machine.server_id)
    world.clock.move(16)
    world.turn()
    wrong = world.until(machine, "failed").state_note
    monkeypatch.setattr(world.cloud, "ensure_rescued", refuses)
    actions.rescue(machine=machine, by=admin)
    world.turn()
    assert (world.until(machine, "failed").state_note, machine.refused) == (wrong, "rescue")


def test_its_owner_puts_it_away_once_and_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = refused(world, "reset", world.student, monkeypatch)
    for _time in range(2):
        actions.dismiss(machine=machine, by=world.student)
    machine.refresh_from_db()
    assert (machine.refused, machine.refused_note) == ("", {})


def test_the_same_asked_again_makes_it_out_of_date(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = refused(world, "reset", world.student, monkeypatch)
    actions.reset(machine=machine, by=world.student)
    world.turn()
    assert world.until(machine, "running").refused == ""


def test_another_wish_does_not_hide_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = refused(world, "reset", world.student, monkeypatch)
    actions.suspend(machine=machine, by=world.student)
    assert world.until(machine, "suspended").refused == "reset"
