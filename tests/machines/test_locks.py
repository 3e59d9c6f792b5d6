"""The order of locks: every test of this folder is watched (conftest.py); here is that the watcher sees."""

import pytest
from django.db import transaction

import quotas.actions
from accounts.models import User
from machines.models import Machine
from machines.rules import locked
from tests.factories import make_machine
from tests.machines.locks import watched
from tunnels.models import Gateway


def test_a_machine_before_its_owners_allowance_is_found(student: User) -> None:
    machine = make_machine(student)
    with watched() as locks, transaction.atomic():
        locked(machine)
        quotas.actions.lock(student)
    assert locks.wrong == ["quotas_allowance after machines_machine"]


@pytest.fixture(autouse=True)
def locks_in_order() -> None:
    """Switch the watch off: here locks are taken in the wrong order on purpose."""


def test_what_is_written_is_locked_as_well(student: User) -> None:
    machine = make_machine(student)
    with watched() as locks, transaction.atomic():
        Gateway.objects.update(revision=7)
        Machine.objects.filter(pk=machine.pk).update(name="x")
    assert locks.wrong == ["machines_machine after tunnels_gateway"]


def test_two_transactions_have_nothing_to_do_with_each_other(student: User) -> None:
    machine = make_machine(student)
    with watched() as locks:
        with transaction.atomic():
            locked(machine)
        with transaction.atomic():
            quotas.actions.lock(student)
    assert locks.wrong == []
