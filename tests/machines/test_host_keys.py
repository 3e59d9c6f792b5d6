"""Host keys of machines: which disk they belong to, who may bring another, and what becomes of one that is not known."""

import threading
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import User
from lib.ed25519 import fingerprint, private_file, public_line
from machines import actions, host_keys
from machines.host_keys import Disk, disk_of
from machines.models import HostKey, Machine
from machines.stepper.server_spec import spec_of
from tests.factories import make_machine
from tests.machines.world import World

FIRST, OTHER, THIRD = (public_line(bytes([number]) * 32) for number in range(3))
CLOUD_CONFIG = "#cloud-config\npackages: [tree]\n"


def key_of(machine: Machine) -> str:
    row = host_keys.known([machine.pk]).get(machine.pk)
    return row.key if row else ""


def notes(machine: Machine) -> list[str]:
    return [str(event.note) for event in machine.events.filter(kind="noted")]


@pytest.fixture
def configured(world: World) -> World:
    """A template whose guests read what the portal puts in."""
    type(world.template).objects.update(user_data=CLOUD_CONFIG)
    world.template.refresh_from_db()
    return world


# ---- put in ----


def test_a_launch_puts_one_in(configured: World) -> None:
    machine = configured.running()
    spec = configured.cloud._rows[machine.server_id].spec
    assert spec.host_key == host_keys.private_file(machine.pk, 0)
    assert key_of(machine) == host_keys.public_line(machine.pk, 0)


def test_a_repeated_create_gives_the_same_bytes(configured: World) -> None:
    machine = configured.launch()
    assert spec_of(machine).host_key == spec_of(Machine.objects.get(pk=machine.pk)).host_key


def test_each_machine_has_its_own(student: User) -> None:
    assert host_keys.public_line(make_machine(student).pk, 0) != host_keys.public_line(make_machine(student).pk, 0)


def test_another_secret_key_makes_another_and_forgets_none(configured: World, settings: Any) -> None:
    machine = configured.running()
    before = key_of(machine)
    settings.SECRET_KEY = "another"
    assert host_keys.public_line(machine.pk, 0) != before
    assert key_of(machine) == before


def test_it_is_in_no_log(configured: World) -> None:
    assert "PRIVATE" not in repr(spec_of(configured.launch()))


def test_beside_a_script_none_is_known_before_the_first_contact(world: World) -> None:
    assert key_of(world.running()) == ""


def test_a_reset_brings_another(configured: World) -> None:
    machine = configured.running()
    actions.reset(machine=machine, by=configured.student)
    configured.until(machine, "running")
    machine.refresh_from_db()
    assert configured.cloud._rows[machine.server_id].spec.host_key == host_keys.private_file(machine.pk, 1)
    assert key_of(machine) == host_keys.public_line(machine.pk, 1) != host_keys.public_line(machine.pk, 0)


def test_a_reset_that_the_cloud_refuses_brings_none(configured: World) -> None:
    machine = configured.running()
    configured.cloud.ensure_image_deleted("linux")
    actions.reset(machine=machine, by=configured.student)
    configured.until(machine, "running")
    machine.refresh_from_db()
    assert key_of(machine) == host_keys.public_line(machine.pk, 0)


def test_a_restored_archive_shows_the_same(configured: World) -> None:
    machine = configured.running()
    actions.archive(machine=machine, by=configured.student)
    configured.until(machine, "archived")
    actions.restore(machine=machine, by=configured.student)
    configured.until(machine, "running")
    machine.refresh_from_db()
    spec = configured.cloud._rows[machine.server_id].spec
    assert (spec.user_data, spec.host_key) == ("#cloud-config\n", host_keys.private_file(machine.pk, 0))
    assert key_of(machine) == host_keys.public_line(machine.pk, 0)


# ---- pinned ----


def test_what_was_pinned_first_stays(student: User) -> None:
    machine = make_machine(student)
    assert host_keys.pin(disk_of(machine), FIRST) == FIRST
    assert host_keys.pin(disk_of(machine), OTHER) == FIRST
    assert key_of(machine) == FIRST


def test_what_was_put_in_is_never_pinned_over(student: User) -> None:
    machine = make_machine(student)
    host_keys.given(disk_of(machine), 0)
    assert host_keys.pin(disk_of(machine), OTHER) == host_keys.public_line(machine.pk, 0)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_first_contact_pin_one(student: User) -> None:
    disk, start = disk_of(make_machine(student)), threading.Barrier(8)
    pinned: list[str] = []

    def meet(key: str) -> None:
        start.wait()
        pinned.append(host_keys.pin(disk, key))
        connection.close()

    threads = [threading.Thread(target=meet, args=[key]) for key in (FIRST, OTHER) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pinned) == 8
    assert set(pinned) == {HostKey.objects.get().key}


def test_another_server_of_ours_is_met_anew(student: User) -> None:
    machine = make_machine(student)
    host_keys.pin(disk_of(machine), FIRST)
    Machine.objects.filter(pk=machine.pk).update(server_id="another")
    assert key_of(machine) == ""


def test_a_late_answer_of_the_old_disk_pins_nothing_on_the_new(student: User) -> None:
    machine = make_machine(student)
    Machine.objects.filter(pk=machine.pk).update(cloud_resets=1)
    host_keys.pin(disk_of(machine), FIRST)
    assert key_of(machine) == ""


# ---- changed ----


@pytest.fixture
def disk(student: User) -> Disk:
    disk = disk_of(make_machine(student))
    host_keys.pin(disk, FIRST)
    return disk


@pytest.fixture
def machine(disk: Disk) -> Machine:
    return Machine.objects.get()


def test_a_change_is_written_into_its_history(disk: Disk, machine: Machine) -> None:
    assert host_keys.refuse(disk, OTHER)
    assert notes(machine)[0].startswith(
        f"Its SSH shows the host key {fingerprint(OTHER)}. Minga knows it by {fingerprint(FIRST)}"
    )
    assert key_of(machine) == FIRST


def test_it_is_written_once_for_each_key(disk: Disk, machine: Machine) -> None:
    for shown in (OTHER, OTHER, THIRD, THIRD):
        host_keys.refuse(disk, shown)
    assert len(notes(machine)) == 2


def test_it_is_written_anew_after_the_known_key_was_back(disk: Disk, machine: Machine) -> None:
    host_keys.refuse(disk, OTHER)
    host_keys.shown_again([machine.pk])
    host_keys.refuse(disk, OTHER)
    assert len(notes(machine)) == 2


@pytest.mark.parametrize("facts", [{"resets_asked": 1}, {"cloud_resets": 1}, {"server_id": "another"}])
def test_a_disk_that_is_ours_to_replace_has_not_changed(disk: Disk, machine: Machine, facts: dict[str, Any]) -> None:
    Machine.objects.update(**facts)
    assert not host_keys.refuse(disk, OTHER)
    assert notes(machine) == []


def test_only_the_refused_key_can_be_accepted(disk: Disk, machine: Machine) -> None:
    host_keys.refuse(disk, OTHER)
    with pytest.raises(CommandError, match="No such key"):
        call_command("host_key", str(machine.pk), "--accept", fingerprint(THIRD))
    call_command("host_key", str(machine.pk), "--accept", fingerprint(OTHER), stdout=StringIO())
    assert key_of(machine) == OTHER
    assert notes(machine)[0] == f"An administrator accepted {fingerprint(OTHER)} as its new host key."


def test_the_command_shows_what_is_known_and_what_was_refused(disk: Disk, machine: Machine) -> None:
    host_keys.refuse(disk, OTHER)
    call_command("host_key", str(machine.pk), stdout=(said := StringIO()))
    assert f"{fingerprint(FIRST)} (pinned at " in said.getvalue()
    assert f"{fingerprint(OTHER)} was shown since, and refused." in said.getvalue()


def test_the_stored_key_is_no_secret(configured: World) -> None:
    machine = configured.running()
    row = HostKey.objects.filter(machine=machine).values_list().get()
    secret = private_file(host_keys._seed(machine.pk, 0))
    assert not any(line in str(row) for line in secret.splitlines()[1:3])


def test_refused_ones_are_found(disk: Disk) -> None:
    assert not Machine.objects.filter(host_keys.is_refused()).exists()
    host_keys.refuse(disk, OTHER)
    assert Machine.objects.filter(host_keys.is_refused()).exists()
