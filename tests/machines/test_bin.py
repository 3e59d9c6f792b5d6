"""Deleting as people know it: archived, kept for some days, and had back; who may, and what the history says."""

import pytest

from accounts.models import User
from catalog.models import Image
from lib.notes import Note
from machines import actions
from machines.models import Machine
from machines.states import State
from tests.factories import make_machine
from tests.machines.world import World
from tunnels.models import Tunnel


def test_it_is_archived_and_out_of_sight(world: World) -> None:
    machine = world.running()
    actions.bin(machine=machine, by=world.student)
    world.until(machine, "archived")
    assert list(Machine.objects.in_bin()) == [machine]
    assert not Machine.objects.alive().not_in_bin().exists()


def test_its_ports_close_at_once(student: User) -> None:
    machine = make_machine(student)
    actions.bin(machine=machine, by=student)
    assert set(Tunnel.objects.of(machine.pk).values_list("wanted", flat=True)) == {"closed"}


def test_it_comes_back_on_the_same_ports(world: World) -> None:
    machine = world.running()
    before = list(Tunnel.objects.of(machine.pk).values_list("service", "port"))
    actions.bin(machine=machine, by=world.student)
    world.until(machine, "archived")
    actions.restore(machine=machine, by=world.student)
    world.until(machine, "running")
    assert list(Tunnel.objects.of(machine.pk).values_list("service", "port")) == before
    assert machine.binned_at is None


@pytest.mark.parametrize(
    ("state", "facts", "wanted"),
    [
        ("new", {}, "gone"), ("queued", {}, "gone"), ("building", {}, "gone"), ("failed", {"server_id": ""}, "gone"),
        ("failed", {}, "gone"), ("failed", {"archive_id": "i"}, "archived"), ("running", {}, "archived"), ("shelved", {}, "archived"),
    ],
)  # fmt: skip
def test_only_what_has_somebodys_work_in_it_is_kept(
    student: User, state: str, facts: dict[str, str], wanted: str
) -> None:
    machine = make_machine(student, state=state, **facts)
    assert actions.bin(machine=machine, by=student).wanted == wanted


def test_one_that_was_archived_long_ago_goes_there_as_it_is(world: World) -> None:
    machine = world.running()
    actions.archive(machine=machine, by=world.student)
    world.until(machine, "archived")
    actions.bin(machine=machine, by=world.student)
    machine.refresh_from_db()
    assert (machine.is_settled, machine.binned_at is not None) == (True, True)


@pytest.mark.parametrize("verb", ["wake", "suspend", "shelve", "archive", "restart", "reset", "bin"])
def test_what_lies_in_the_bin_is_restored_first(student: User, verb: str) -> None:
    machine = make_machine(student)
    actions.bin(machine=machine, by=student)
    with pytest.raises(actions.WrongState, match="in the recycle bin"):
        getattr(actions, verb)(machine=machine, by=student)


@pytest.mark.parametrize("state", State.values)
@pytest.mark.parametrize("verb", ["archive", "bin", "restore"])
def test_a_verb_is_taken_or_refused_with_a_sentence_in_every_state(student: User, state: str, verb: str) -> None:
    machine = make_machine(student, state=state)
    if verb in actions.allowed(machine):
        getattr(actions, verb)(machine=machine, by=student)
        return
    with pytest.raises(actions.WrongState) as refusal:
        getattr(actions, verb)(machine=machine, by=student)
    assert len(str(refusal.value)) > 20


@pytest.mark.parametrize("verb", ["suspend", "shelve", "archive", "restart", "reset", "bin", "delete"])
def test_the_site_itself_says_why(student: User, verb: str) -> None:
    machine = make_machine(student)
    getattr(actions, verb)(machine=machine, by=None, why=Note("Nobody used it."))
    event = machine.events.filter(kind="wished").first()
    assert (event.by, str(event.note)) == (None, "Nobody used it.")


def test_its_owner_waking_it_is_using_it(world: World) -> None:
    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    fell_asleep = world.until(machine, "suspended").used_at
    world.clock.move(1000)
    actions.wake(machine=machine, by=None, why=Note("A knock."))
    assert machine.used_at == fell_asleep
    machine = world.until(machine, "running")
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    assert (machine.used_at - fell_asleep).total_seconds() > 1000


def test_one_that_cannot_sleep_is_switched_off_and_says_so(world: World) -> None:
    Image.objects.update(cloud_id="restless", can_suspend=False)
    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    assert world.cloud.server(machine.server_id).status == "stopped"
    assert "its memory is not kept" in str(machine.note)
    actions.wake(machine=machine, by=world.student)
    world.until(machine, "running")
