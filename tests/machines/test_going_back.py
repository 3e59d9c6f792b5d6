"""Going back to a kept moment: a reset with its image, on the same ports, once; and what is in the way."""

import pytest

from accounts.models import SshKey
from machines import actions, moments
from machines.models import InstalledKey
from machines.progress import progress_of
from machines.rules import WrongState
from machines.stepper.requests import NO_GOING_BACK
from tests.machines.kept import go_back, made, rebuilt_from, tidied
from tests.machines.world import World
from tunnels.models import Tunnel


def test_going_back_rebuilds_from_the_moment_and_keeps_ports_and_name(world: World) -> None:
    machine = world.running()
    moment = made(world, machine)
    before = list(Tunnel.objects.of(machine.pk).values_list("service", "port")), machine.name, machine.server_id
    machine = go_back(world, machine)
    after = list(Tunnel.objects.of(machine.pk).values_list("service", "port")), machine.name, machine.server_id
    assert (before, machine.resets_done) == (after, 1)
    assert rebuilt_from(world) == moment.image_id
    assert moments.of(machine) == [moment]


def test_its_progress_is_not_measured_by_the_launch_long_ago(world: World) -> None:
    machine = world.running()
    made(world, machine)
    moments.restore(machine=machine, number=1, by=world.student)
    seen = 0
    for _turn in range(20):
        world.turn()
        machine.refresh_from_db()
        if machine.state == "building":
            seen += 1
            progress = progress_of(machine, world.clock.now, 1.0)
            assert (progress.time_left, progress.steps) == ("", ())
    assert seen
    assert machine.state == "running"


def test_a_reset_after_that_leads_to_the_template(world: World) -> None:
    machine = world.running()
    made(world, machine)
    machine = go_back(world, machine)
    actions.reset(machine=machine, by=world.student)
    machine = world.until(machine, "running")
    assert rebuilt_from(world) == machine.template.image.cloud_id


def test_pressed_twice_it_goes_back_once(world: World) -> None:
    machine = world.running()
    made(world, machine)
    moments.restore(machine=machine, number=1, by=world.student)
    with pytest.raises(WrongState):
        moments.restore(machine=machine, number=1, by=world.student)
    machine.refresh_from_db()
    assert machine.resets_asked == 1


def test_it_is_not_deleted_while_the_machine_goes_back_to_it(world: World) -> None:
    machine = world.running()
    made(world, machine)
    moments.restore(machine=machine, number=1, by=world.student)
    with pytest.raises(WrongState, match="going back"):
        moments.delete(machine=machine, number=1, by=world.student)
    world.until(machine, "running")
    moments.delete(machine=machine, number=1, by=world.student)


def test_a_moment_that_the_cloud_lost_leaves_the_machine_as_it_is(world: World) -> None:
    machine = world.running()
    moment = made(world, machine)
    world.cloud.archives.clear()
    moments.restore(machine=machine, number=1, by=world.student)
    machine = world.until(machine, "running")
    assert (str(machine.refusal), machine.resets_done) == (NO_GOING_BACK, machine.resets_asked)
    moments.delete(machine=machine, number=1, by=world.student)
    assert moment not in moments.of(machine)


def test_the_keys_that_were_in_it_are_in_it_again(world: World) -> None:
    machine = world.running()
    made(world, machine)
    old = InstalledKey.objects.filter(machine=machine, resets=0).values_list("public_key", flat=True)
    SshKey.objects.create(user=world.student, name="later", public_key="ssh-ed25519 AAAAlater")
    machine = go_back(world, machine)
    new = InstalledKey.objects.filter(machine=machine, resets=1).values_list("public_key", flat=True)
    assert sorted(new) == sorted(old)


@pytest.mark.parametrize("verb", ["suspend", "shelve", "archive"])
def test_a_machine_at_rest_is_woken_first(world: World, verb: str) -> None:
    machine = world.running()
    made(world, machine)
    getattr(actions, verb)(machine=machine, by=world.student)
    with pytest.raises(WrongState):
        moments.restore(machine=machine, number=1, by=world.student)


def test_a_moment_outlives_an_archive_and_the_way_back(world: World) -> None:
    machine = world.running()
    moment = made(world, machine)
    actions.archive(machine=machine, by=world.student)
    machine = world.until(machine, "archived")
    tidied(world)
    actions.restore(machine=machine, by=world.student)
    machine = world.until(machine, "running")
    machine = go_back(world, machine)
    assert rebuilt_from(world) == moment.image_id


@pytest.mark.parametrize("number", [0, 2, 2**31 - 1])
def test_one_that_is_not_there_is_refused(world: World, number: int) -> None:
    machine = world.running()
    for verb in (moments.restore, moments.delete):
        with pytest.raises(moments.NoSuchMoment):
            verb(machine=machine, number=number, by=world.student)
