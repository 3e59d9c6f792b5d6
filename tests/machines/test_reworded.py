"""No decision depends on a sentence: everything goes the same way when every note says something else."""

import pytest

from lib.notes import Note
from machines import actions
from machines.models import Machine, Stray
from machines.reconcile.strays import keep_strays
from tests.machines.world import World


@pytest.fixture(autouse=True)
def _reworded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Store other words in place of every note."""
    monkeypatch.setattr(Note, "as_json", lambda note: {"text": "Something else."} if note else {})


def test_a_server_that_an_operator_restored_is_not_a_second_one(world: World) -> None:
    machine = world.running()
    server = world.cloud.server(machine.server_id)
    world.cloud.vanish(machine.server_id)
    world.clock.move(16)
    world.turn()
    machine.refresh_from_db()
    assert (machine.state, machine.vanished) == ("gone", True)
    keep_strays([server], world.clock.now)
    assert Stray.objects.get().kind == "lost"


def test_the_server_of_a_machine_that_was_deleted_here_is_one(world: World) -> None:
    machine = world.running()
    server = world.cloud.server(machine.server_id)
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")
    keep_strays([server], world.clock.now)
    assert (machine.vanished, Stray.objects.get().kind) == (False, "second")


def test_a_whole_life_with_a_failure_goes_on(world: World) -> None:
    machine = world.running()
    world.cloud.break_server(machine.server_id)
    world.clock.move(16)
    world.turn()
    world.until(machine, "failed")
    actions.retry(machine=machine, by=world.student)
    world.turn()
    assert world.until(machine, "running").repair == ""


@pytest.mark.parametrize(
    ("note", "vanished"),
    [("It no longer exists on the cluster: somebody deleted it there.", True), ("Deleted.", False)],
)
def test_what_an_older_version_wrote_as_a_sentence_becomes_the_column(world: World, note: str, vanished: bool) -> None:
    from importlib import import_module

    from django.apps import apps

    machine = world.launch()
    Machine.objects.update(state="gone", state_note={"text": note})
    import_module("machines.migrations.0017_mark_vanished").mark(apps, None)
    machine.refresh_from_db()
    assert machine.vanished is vanished
