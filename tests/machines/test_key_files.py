"""The files of private keys that open a machine."""

from collections.abc import Sequence

import pytest

from accounts.actions import add_key, make_key, remove_key
from accounts.keys import make_pair
from accounts.models import User
from machines import installed_keys
from machines.host_keys import disk_of
from machines.key_files import files_of
from machines.models import Machine
from tests.factories import make_machine


def files(machine: Machine, person: User | None = None) -> Sequence[str]:
    read = Machine.objects.with_keys().get(pk=machine.pk)
    return files_of([read], person or machine.owner).get(machine.pk, ())


@pytest.fixture
def machine(student: User) -> Machine:
    """A machine that knows two keys that were made here and one that was pasted."""
    keys = [make_key(owner=student, name="", by=student)[0] for _time in range(2)]
    keys.append(add_key(owner=student, name="", public_key=make_pair()[1], by=student))
    machine = make_machine(student)
    installed_keys.put_in(disk_of(machine), student, [key.public_key for key in keys])
    return machine


def test_the_newest_that_was_made_here_comes_first(machine: Machine) -> None:
    assert files(machine) == ["minga_key_2", "minga_key"]


def test_a_key_that_was_made_later_does_not_open_it(machine: Machine, student: User) -> None:
    make_key(owner=student, name="", by=student)
    assert files(machine) == ["minga_key_2", "minga_key"]


def test_others_have_no_files_of_it(machine: Machine, student2: User) -> None:
    make_key(owner=student2, name="", by=student2)
    assert files(machine, student2) == ()


def test_a_key_that_was_deleted_is_forgotten(machine: Machine, student: User) -> None:
    remove_key(key=student.ssh_keys.get(file_name="minga_key_2"), by=student)
    assert files(machine) == ["minga_key"]


@pytest.mark.parametrize("column", ["server_id", "cloud_resets"])
def test_keys_of_a_former_disk_do_not_count(machine: Machine, column: str) -> None:
    Machine.objects.filter(pk=machine.pk).update(**{column: 7})
    assert files(machine) == []


def test_nothing_is_known_of_a_machine_of_before(student: User) -> None:
    make_key(owner=student, name="", by=student)
    assert files(make_machine(student)) == []


def test_a_machine_without_a_disk_gets_all_keys_of_its_owner(student: User, student2: User) -> None:
    make_key(owner=student, name="", by=student)
    machine = make_machine(student, state="new")
    assert (files(machine), files(machine, student2)) == (["minga_key"], ())
