"""Two writers never both believe that they moved one row."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from lib.claims import claimed
from lib.states import IllegalMove, LostRace, move, write
from machines.models import Machine
from tests.factories import make_machine


def test_an_illegal_arrow_is_our_mistake(student: User) -> None:
    machine = make_machine(student, state="gone")
    with pytest.raises(IllegalMove):
        move(machine, "running")


def test_who_comes_second_loses_the_race(student: User) -> None:
    machine = make_machine(student)
    twin = Machine.objects.get(pk=machine.pk)
    move(machine, "suspending")
    with pytest.raises(LostRace):
        move(twin, "shelving")
    assert machine.events.filter(kind="moved").count() == 1


def test_one_claim_at_a_time(student: User) -> None:
    machine = make_machine(student)
    with (
        claimed(Machine.objects.all(), machine.pk, 60) as first,
        claimed(Machine.objects.all(), machine.pk, 60) as second,
    ):
        assert first == machine
        assert second is None


def test_a_claim_ends_with_its_block(student: User) -> None:
    machine = make_machine(student)
    with claimed(Machine.objects.all(), machine.pk, 60):
        pass
    machine.refresh_from_db()
    assert machine.claimed_until is None


def test_a_worker_whose_claim_ran_out_can_write_no_more(student: User) -> None:
    machine = make_machine(student)
    with claimed(Machine.objects.all(), machine.pk, settings.CLAIM_SECONDS) as slow:
        Machine.objects.update(claimed_until=timezone.now() + timedelta(seconds=99))
        with pytest.raises(LostRace):
            write(slow, address="127.0.0.1")
