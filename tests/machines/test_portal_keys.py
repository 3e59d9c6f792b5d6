"""The portal's own key of each machine, from its launch to its end."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.actions import make_key
from lib import ed25519
from machines import actions, key_changes, portal_keys, sealing
from machines.host_keys import disk_of
from machines.models import Machine, PortalKey
from machines.stepper import worker
from machines.stepper.server_spec import spec_of
from tests.factories import make_machine
from tests.machines.sealed import give_keys, write_keys
from tests.machines.world import World


@pytest.fixture(autouse=True)
def keys(settings: Any, tmp_path: Path) -> list[str]:
    return give_keys(settings, tmp_path)


def launched(world: World) -> Machine:
    machine = world.launch()
    worker.step(machine.pk, world.cloud)
    machine.refresh_from_db()
    return machine


def asked_for(world: World, machine: Machine) -> str:
    """The portal's key with which the cloud was asked for the server."""
    return str(world.cloud._rows[machine.server_id].spec.portal_key)


def key_of(machine: Machine) -> PortalKey:
    row = portal_keys.of(Machine.objects.get(pk=machine.pk))
    assert row
    return row


def test_a_machine_of_somebody_without_keys_gets_one_too(world: World) -> None:
    machine = launched(world)
    assert not world.student.ssh_keys.exists()
    assert asked_for(world, machine) == f"{key_of(machine).public_key} minga-portal"


def test_its_private_half_is_stored_sealed_and_opens(world: World) -> None:
    row = key_of(launched(world))
    assert "PRIVATE" not in row.sealed_seed
    assert ed25519.public_line(sealing.unseal(row.sealed_seed)) == row.public_key


def test_each_machine_has_another(world: World) -> None:
    assert key_of(launched(world)).public_key != key_of(launched(world)).public_key


def test_a_launch_that_is_asked_for_again_has_the_same(world: World) -> None:
    machine = world.launch()
    assert spec_of(machine).portal_key == spec_of(machine).portal_key


def test_who_signs_in_is_said_to_the_cloud(world: World) -> None:
    assert spec_of(world.launch()).login == world.template.ssh_user


def test_a_reset_brings_another(world: World) -> None:
    machine = world.running()
    before = key_of(machine).public_key
    actions.reset(machine=machine, by=world.student)
    world.turn()
    world.until(machine, "running")
    assert key_of(machine).public_key not in ("", before)
    assert asked_for(world, machine).startswith(key_of(machine).public_key)


def test_a_restored_archive_goes_on_with_its_own(world: World) -> None:
    machine = world.running()
    before = key_of(machine).public_key
    actions.archive(machine=machine, by=world.student)
    world.until(machine, "archived")
    actions.restore(machine=machine, by=world.student)
    world.until(machine, "running")
    assert key_of(machine).public_key == before


def test_without_the_setting_a_machine_has_none_and_that_is_known(world: World, settings: Any) -> None:
    settings.MACHINE_KEYS_FILE = ""
    machine = launched(world)
    assert asked_for(world, machine) == ""
    assert key_of(machine).public_key == ""


def test_a_server_that_was_taken_over_has_no_row(world: World) -> None:
    machine = world.running()
    PortalKey.objects.all().delete()
    assert portal_keys.of(machine) is None


def test_a_key_is_offered_once_for_a_machine_from_before(world: World) -> None:
    machine = world.running()
    PortalKey.objects.all().delete()
    line = portal_keys.offer(disk_of(machine))
    assert portal_keys.offer(disk_of(machine)) == line
    assert (key_of(machine).by_hand, line) == (True, f"{key_of(machine).public_key} minga-portal")


def test_a_machine_that_was_rid_of_it_gets_none_from_its_archive(world: World) -> None:
    machine = world.running()
    actions.archive(machine=machine, by=world.student)
    world.until(machine, "archived")
    portal_keys.forget(PortalKey.objects.get(machine=machine))
    actions.restore(machine=machine, by=world.student)
    world.until(machine, "running")
    assert asked_for(world, machine) == ""


def test_of_a_machine_that_is_gone_nothing_is_kept(world: World) -> None:
    machine = world.running()
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")
    portal_keys.tidy()
    assert not PortalKey.objects.exists()


def test_the_key_of_a_disk_that_was_replaced_is_deleted(world: World) -> None:
    machine = world.running()
    actions.reset(machine=machine, by=world.student)
    world.turn()
    world.until(machine, "running")
    portal_keys.tidy()
    assert [row.number for row in PortalKey.objects.all()] == [1]


def test_a_person_s_key_beside_it_stays_the_first(world: World) -> None:
    key, _private = make_key(owner=world.student, name="mine", by=world.student)
    machine = launched(world)
    assert world.cloud._rows[machine.server_id].spec.public_keys == (key.public_key,)


# ---- the keys that seal ----


def rotated() -> str:
    out = StringIO()
    call_command("rotate_machine_keys", stdout=out)
    return out.getvalue()


def test_after_a_rotation_the_old_key_can_go(world: World, keys: list[str], settings: Any, tmp_path: Path) -> None:
    row = key_of(launched(world))
    [new] = give_keys(settings, tmp_path)
    write_keys(settings, tmp_path, [new, *keys])
    assert rotated() == "1 keys are sealed with the newest key.\n"
    write_keys(settings, tmp_path, [new])
    assert portal_keys.private_key(PortalKey.objects.get(pk=row.pk))


def test_a_rotation_names_what_it_cannot_open(world: World, settings: Any, tmp_path: Path) -> None:
    launched(world)
    give_keys(settings, tmp_path)
    with pytest.raises(CommandError, match="1 keys cannot be opened"):
        rotated()


def test_a_rotation_passes_over_a_key_that_goes_meanwhile(world: World, monkeypatch: Any) -> None:
    launched(world)
    portal_keys.line_for(make_machine(world.student, name="other").pk, 0)
    resealed = sealing.resealed

    def while_others_go(sealed: str) -> str:
        PortalKey.objects.exclude(sealed_seed=sealed).delete()
        return resealed(sealed)

    monkeypatch.setattr(sealing, "resealed", while_others_go)
    assert rotated() == "1 keys are sealed with the newest key.\n"


def test_a_rotation_without_a_file_says_so(db: None, settings: Any) -> None:
    settings.MACHINE_KEYS_FILE = ""
    with pytest.raises(CommandError, match="MACHINE_KEYS_FILE is not set"):
        rotated()


# ---- removed ----


def test_removed_while_it_sleeps_it_is_forgotten_at_once(world: World) -> None:
    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    key_changes.remove_portal_key(machine=machine, by=world.student)
    row = key_of(machine)
    assert (row.public_key, row.sealed_seed, row.removed_at is not None) == ("", "", True)
    assert "could not be taken out" in str(machine.events.first().note)  # type: ignore[union-attr]


def test_what_is_not_there_is_not_removed(world: World) -> None:
    machine = world.running()
    PortalKey.objects.all().delete()
    with pytest.raises(key_changes.NoPortalKey):
        key_changes.remove_portal_key(machine=machine, by=world.student)


def test_its_removal_is_in_the_machine_s_history(world: World) -> None:
    machine = world.running()
    key_changes.remove_portal_key(machine=machine, by=world.student)
    event = machine.events.first()
    assert event
    assert (str(event.note), event.by) == ("Minga is to forget its own key of this machine.", world.student)
