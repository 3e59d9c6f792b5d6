"""Machines of whoever was blocked sleep, of whoever was removed they go to the bin; all others stay."""

import pytest
from django.utils import timezone

from accounts import person_actions
from accounts.models import User
from machines import absent_owners
from machines.models import Machine
from tests.factories import make_machine


def follow() -> int:
    return absent_owners.follow(timezone.now())


def wish_of(machine: Machine) -> tuple[str, bool]:
    machine.refresh_from_db()
    return machine.wanted, machine.binned_at is not None


def test_of_whoever_is_blocked_they_sleep(student: User, student2: User, admin: User) -> None:
    theirs, others = make_machine(student), make_machine(student2)
    person_actions.block(person=student, by=admin)
    assert (follow(), follow()) == (1, 0)
    assert (wish_of(theirs), wish_of(others)) == (("suspended", False), ("running", False))
    assert "deactivated" in str(theirs.events.first().note)  # type: ignore[union-attr]


def test_of_whoever_is_removed_they_go_to_the_bin(student: User, admin: User) -> None:
    theirs = make_machine(student)
    person_actions.remove(person=student, by=admin)
    assert (follow(), follow()) == (1, 0)
    assert wish_of(theirs) == ("archived", True)


def test_they_stay_asleep_when_their_owner_is_back(student: User, admin: User) -> None:
    theirs = make_machine(student)
    person_actions.block(person=student, by=admin)
    follow()
    person_actions.unblock(person=student, by=admin)
    assert (follow(), wish_of(theirs)) == (0, ("suspended", False))


def test_one_that_fails_stops_no_other(student: User, admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = sorted((make_machine(student), make_machine(student)), key=lambda machine: machine.pk)
    person_actions.block(person=student, by=admin)
    asleep = absent_owners._sleep

    def fail_first(machine: Machine) -> Machine:
        if machine.pk == first.pk:
            raise RuntimeError("poisoned")
        return asleep(machine)

    monkeypatch.setattr(absent_owners, "_sleep", fail_first)
    assert follow() == 1
    assert (wish_of(first)[0], wish_of(second)[0]) == ("running", "suspended")


def test_one_that_cannot_sleep_is_put_away(student: User, admin: User) -> None:
    theirs = make_machine(student, refused="suspend")
    person_actions.block(person=student, by=admin)
    assert (follow(), follow()) == (1, 0)
    assert wish_of(theirs) == ("shelved", False)
