"""Keys of a machine that went back to a kept moment: the portal goes on with the one that is in it, and puts in what is missing."""

from pathlib import Path
from typing import Any

import pytest

from accounts.actions import make_key
from accounts.models import SshKey
from machines import actions, installed_keys, key_changes, key_faults, portal_keys
from machines.host_keys import disk_of
from machines.models import KeyChange, Machine, PortalKey
from portal.presenters.machine_keys import MachineKeys
from tests.machines.kept import go_back, made
from tests.machines.sealed import give_keys
from tests.machines.world import World


@pytest.fixture(autouse=True)
def keys(settings: Any, tmp_path: Path) -> None:
    give_keys(settings, tmp_path)


def portal_key(machine: Machine) -> PortalKey:
    row = portal_keys.of(machine)
    assert row
    return row


def reset(world: World, machine: Machine) -> Machine:
    actions.reset(machine=machine, by=world.student)
    world.turn()
    return world.until(machine, "running")


def person_key(world: World, name: str) -> SshKey:
    return make_key(owner=world.student, name=name, by=world.student)[0]


def asked(machine: Machine) -> list[str]:
    return [change.name for change in KeyChange.objects.filter(machine=machine, verb="put_in").order_by("pk")]


def test_the_portal_goes_on_with_the_key_that_is_in_the_moment(world: World) -> None:
    machine = world.running()
    then = portal_key(machine).public_key
    made(world, machine)
    machine = go_back(world, reset(world, machine))
    assert portal_key(machine).public_key == then
    assert world.cloud._rows[machine.server_id].spec.portal_key.startswith(then)
    assert portal_keys.private_key(portal_key(machine)).export_public_key().decode().startswith(then)


def test_that_key_is_kept_while_there_is_the_moment(world: World) -> None:
    machine = world.running()
    made(world, machine)
    machine = reset(world, machine)
    assert (portal_keys.tidy(), PortalKey.objects.filter(machine=machine, number=0).exists()) == (0, True)
    machine.copies.all().delete()
    assert portal_keys.tidy() == 1


def test_it_is_found_after_an_archive_too(world: World) -> None:
    machine = world.running()
    then = portal_key(machine).public_key
    made(world, machine)
    actions.archive(machine=machine, by=world.student)
    machine = world.until(machine, "archived")
    actions.restore(machine=machine, by=world.student)
    machine = go_back(world, reset(world, world.until(machine, "running")))
    assert portal_key(machine).public_key == then


def test_one_that_its_owner_removed_does_not_come_back(world: World) -> None:
    machine = world.running()
    made(world, machine)
    machine = go_back(world, machine)
    key_changes.forget_portal_key(portal_key(machine), machine, by=world.student, is_left=False)
    machine = go_back(world, machine)
    assert (portal_key(machine).public_key, portal_key(machine).sealed_seed) == ("", "")
    assert not PortalKey.objects.filter(machine=machine).exclude(sealed_seed="").exists()


def test_keys_made_since_are_put_in(world: World) -> None:
    person_key(world, "then")
    machine = world.running()
    made(world, machine)
    person_key(world, "since")
    assert asked(go_back(world, machine)) == ["since"]


def test_a_key_put_in_after_the_moment_is_not_in_it(world: World) -> None:
    machine = world.running()
    made(world, machine)
    key = person_key(world, "later")
    installed_keys.put_in_one(disk_of(machine), world.student, key.name, key.public_key)
    machine = go_back(world, machine)
    assert not installed_keys.present([machine.pk]).exists()
    assert asked(machine) == ["later"]


def test_a_reset_to_the_template_asks_for_none(world: World) -> None:
    machine = world.running()
    made(world, machine)
    person_key(world, "since")
    assert asked(reset(world, machine)) == []


def test_where_no_key_of_the_portals_is_in_the_moment_its_owner_reads_which_line_to_add(world: World) -> None:
    machine = world.running()
    PortalKey.objects.filter(machine=machine).delete()  # as of a machine from before 0.4
    made(world, machine)
    machine = go_back(world, machine)
    row = portal_key(machine)
    panel = MachineKeys(machine, world.student)
    assert (row.by_hand, row.put_in_at, panel.has_own) == (True, None, False)
    assert panel.own_line == portal_keys.line_of(row) != ""
    assert key_faults.by_hand(machine).note.args["line"] == panel.own_line
