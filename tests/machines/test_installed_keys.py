"""The keys in the disks of machines."""

from accounts.actions import make_key, remove_key
from machines import actions, installed_keys
from machines.host_keys import disk_of
from machines.models import InstalledKey, Machine
from machines.stepper import worker
from tests.machines.world import World


def launched(world: World) -> Machine:
    machine = world.launch()
    worker.step(machine.pk, world.cloud)
    machine.refresh_from_db()
    return machine


def names(machine: Machine) -> list[str]:
    return [row.name for row in installed_keys.present([machine.pk])]


def test_a_launch_notes_the_keys_that_its_owner_has_then(world: World) -> None:
    make_key(owner=world.student, name="old", by=world.student)
    machine = launched(world)
    make_key(owner=world.student, name="later", by=world.student)
    assert names(machine) == ["old"]


def test_a_step_that_is_taken_twice_notes_a_key_once(world: World) -> None:
    make_key(owner=world.student, name="old", by=world.student)
    machine = launched(world)
    keys = list(world.student.ssh_keys.values_list("public_key", flat=True))
    installed_keys.put_in(disk_of(machine), world.student, keys)
    assert InstalledKey.objects.count() == 1


def test_a_reset_puts_in_the_keys_of_now(world: World) -> None:
    old, _private = make_key(owner=world.student, name="old", by=world.student)
    machine = world.running()
    make_key(owner=world.student, name="later", by=world.student)
    remove_key(key=old, by=world.student)
    actions.reset(machine=machine, by=world.student)
    world.turn()
    world.until(machine, "running")
    machine.refresh_from_db()
    assert names(machine) == ["later"]


def test_a_key_that_its_owner_deleted_is_in_the_machine_still(world: World) -> None:
    key, _private = make_key(owner=world.student, name="old", by=world.student)
    machine = launched(world)
    remove_key(key=key, by=world.student)
    assert [(row.name, row.key) for row in installed_keys.present([machine.pk])] == [("old", None)]


def test_a_key_that_was_taken_out_is_not_in_it(world: World) -> None:
    key, _private = make_key(owner=world.student, name="old", by=world.student)
    machine = launched(world)
    installed_keys.taken_out(disk_of(machine), [key.public_key])
    assert names(machine) == []
