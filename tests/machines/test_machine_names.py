"""A person's machines have different names, whoever gives them and however they are written."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from accounts.models import User
from lib.names import name_key
from machines import actions
from machines.machine_names import NameTaken
from machines.models import Machine
from tests.factories import make_machine, make_template
from tests.machines.world import World


@pytest.mark.parametrize("name", ["condor", "CONDOR", " Condor ", "ｃｏｎｄｏｒ"])
def test_a_name_that_is_typed_twice_is_refused(student: User, name: str) -> None:
    make_machine(student, name="condor")
    with pytest.raises(NameTaken, match="You have a machine called"):
        actions.launch(owner=student, template=make_template(), name=name, by=student)
    assert Machine.objects.count() == 1


def test_names_in_any_script_are_compared(student: User) -> None:
    make_machine(student, name="Straße ÑANDÚ")
    with pytest.raises(NameTaken):
        actions.launch(owner=student, template=make_template(), name="STRASSE ñandú", by=student)


def test_nobody_types_a_name_and_each_is_numbered(student: User) -> None:
    make_machine(student)
    launched = [actions.launch(owner=student, template=make_template(), name="", by=student) for _ in range(3)]
    assert [machine.name for machine in launched] == ["Lab", "Lab-2", "Lab-3"]


def test_another_person_may_have_the_same(student: User, student2: User) -> None:
    assert make_machine(student, name="condor").name == make_machine(student2, name="condor").name


def test_a_deleted_machines_name_is_free_at_once(student: User) -> None:
    machine = make_machine(student, name="condor")
    actions.delete(machine=machine, by=student)
    assert actions.launch(owner=student, template=make_template(), name="condor", by=student).name == "condor"


def test_what_lies_in_the_bin_keeps_its_name(student: User) -> None:
    actions.bin(machine=make_machine(student, name="condor"), by=student)
    with pytest.raises(NameTaken):
        actions.launch(owner=student, template=make_template(), name="condor", by=student)


def test_a_rename_to_a_name_that_is_taken_is_refused(student: User) -> None:
    make_machine(student, name="condor")
    other = make_machine(student, name="puma")
    with pytest.raises(NameTaken):
        actions.rename(machine=other, name="Condor", by=student)
    assert actions.rename(machine=other, name="PUMA", by=student).name == "PUMA"


def test_a_name_from_horizon_that_is_taken_gets_a_number(world: World) -> None:
    first, second = world.running(), world.until(world.launch("other"), "running")
    world.cloud._by_hand(second.server_id, name=first.name.upper())
    world.turn_without_steps()
    second.refresh_from_db()
    assert (second.name, second.cloud_name) == (f"{first.name.upper()}-2", first.name.upper())


def test_the_database_itself_refuses_two(student: User) -> None:
    one, other = make_machine(student, name="condor"), make_machine(student, name="puma")
    with pytest.raises(IntegrityError), transaction.atomic():
        Machine.objects.filter(pk=other.pk).update(name_key=one.name_key)


def test_a_name_that_only_a_stale_key_holds_is_refused_with_a_sentence(student: User) -> None:
    make_machine(student, name="puma", name_key="condor")  # renamed by the version before, while the upgrade ran
    with pytest.raises(NameTaken):
        actions.launch(owner=student, template=make_template(), name="condor", by=student)


def test_an_upgrade_numbers_equal_names_and_tells_the_cloud(student: User) -> None:
    machines = [make_machine(student, name=name) for name in ("condor", "x", "y", "z")]
    Machine.objects.update(name_key=None)  # as the version before left them
    for machine, name in zip(machines, ("condor", "Condor", "condor-2", "condor"), strict=True):
        Machine.objects.filter(pk=machine.pk).update(name=name)
    migration = import_module("machines.migrations.0013_name_key")
    for _twice in range(2):
        migration.number_equal_names(apps, None)
    rows = list(Machine.objects.order_by("created_at").values_list("name", "names_asked"))
    assert rows == [("condor", 0), ("Condor-3", 1), ("condor-2", 0), ("condor-4", 1)]
    assert {m.name_key for m in Machine.objects.all()} == {name_key(name) for name, _asked in rows}
    assert "Renamed from “Condor” to “Condor-3”" in str(machines[1].events.filter(kind="noted").get().note)
