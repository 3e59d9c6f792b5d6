"""A person whose account is deactivated is not reached from outside, and is again when it is active again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import RowFailure, User
from machines import actions, deactivated_owners, visitors
from machines.models import Machine
from tests.factories import make_machine
from tests.machines.world import World
from tunnels.models import Tunnel


def wanted(machine: Machine) -> set[str]:
    return set(Tunnel.objects.of(machine.pk).values_list("wanted", flat=True))


def follow(*, is_active: bool, user: User) -> int:
    User.objects.filter(pk=user.pk).update(is_active=is_active)
    return deactivated_owners.follow(timezone.now())


def test_open_ports_are_shut(student: User) -> None:
    machine = make_machine(student)
    assert (follow(is_active=False, user=student), wanted(machine)) == (1, {"closed"})
    assert "deactivated" in str(machine.events.first().note)  # type: ignore[union-attr]


def test_held_ports_are_shut_and_not_held_again(student: User) -> None:
    machine = make_machine(student, state="suspended")
    visitors.hold(machine, timezone.now())
    follow(is_active=False, user=student)
    visitors.follow(timezone.now())
    assert wanted(machine) == {"closed"}


def test_other_peoples_ports_stay_open(student: User, student2: User) -> None:
    machine = make_machine(student2)
    follow(is_active=False, user=student)
    assert wanted(machine) == {"open"}


def test_nothing_is_written_twice(student: User) -> None:
    machine = make_machine(student)
    follow(is_active=False, user=student)
    assert (deactivated_owners.follow(timezone.now()), machine.events.filter(kind="noted").count()) == (0, 1)


def test_those_that_fail_keep_no_others_from_their_turn(student: User, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = sorted((make_machine(student), make_machine(student)), key=lambda machine: machine.pk)
    now = timezone.now()
    RowFailure.objects.create(
        loop="accounts", key=str(first.pk), first_at=now, last_at=now, next_at=now + timedelta(hours=1)
    )
    monkeypatch.setattr(deactivated_owners, "PAGE", 1)
    assert (follow(is_active=False, user=student), wanted(first), wanted(second)) == (1, {"open"}, {"closed"})


def test_a_machine_that_wakes_meanwhile_runs_with_shut_ports(world: World) -> None:
    machine = world.running()
    follow(is_active=False, user=world.student)
    actions.restart(machine=machine, by=world.student)
    world.turn()
    assert wanted(world.until(machine, "running")) == {"closed"}


def test_ports_open_again_with_the_account(world: World) -> None:
    machine = world.running()
    follow(is_active=False, user=world.student)
    world.turn()
    assert follow(is_active=True, user=world.student) == 1
    world.until(machine, "running")
    world.turn()
    assert wanted(machine) == {"open"}
    assert deactivated_owners.follow(timezone.now()) == 0


def test_ports_of_sleepers_are_held_again_with_the_account(student: User) -> None:
    machine = make_machine(student, state="suspended")
    follow(is_active=False, user=student)
    follow(is_active=True, user=student)
    visitors.follow(timezone.now())
    assert wanted(machine) == {"held"}


def test_a_machine_that_fails_stops_no_other(student: User, student2: User, monkeypatch: pytest.MonkeyPatch) -> None:
    poisoned, other = make_machine(student), make_machine(student2)
    User.objects.filter(pk=student.pk).update(is_active=False)
    close_all = deactivated_owners.tunnels.actions.close_all

    def close(*, holder: object) -> bool:
        if holder == poisoned.pk:
            raise ValueError("poison")
        return close_all(holder=holder)  # type: ignore[arg-type]

    monkeypatch.setattr(deactivated_owners.tunnels.actions, "close_all", close)
    assert (follow(is_active=False, user=student2), wanted(other)) == (1, {"closed"})
    failure = RowFailure.objects.get(loop="accounts")
    assert (failure.holder, failure.error) == (poisoned.pk, "ValueError: poison")
    deactivated_owners.follow(failure.next_at)
    failure.refresh_from_db()
    assert failure.fails == 2
