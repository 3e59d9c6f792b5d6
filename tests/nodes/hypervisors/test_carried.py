"""Machines that nodes carried, as it is told from above."""

from uuid import UUID

import pytest

from accounts.models import User
from nodes.hypervisors import carried, ties
from nodes.hypervisors.carried import Carried
from nodes.models import CarriedMonth, Computer
from tests.nodes.donated import make_computer
from tests.nodes.hypervisors.seen import at, make_node

pytestmark = pytest.mark.django_db
A, B, C = (UUID(int=n) for n in (1, 2, 3))


@pytest.fixture
def pc(admin: User) -> Computer:
    """The computer that is quinde."""
    computer = make_computer("in_service")
    ties.tie(node=make_node(), computer=computer, since=at(0), by=admin, now=at(0))
    return computer


def told(minutes: float, *rows: tuple[UUID, int], host: str = "quinde") -> None:
    carried.note([Carried(host, holder, person) for holder, person in rows], at(minutes))


def minutes() -> dict[UUID, int]:
    return {row.holder: row.seconds // 60 for row in CarriedMonth.objects.all()}


def test_what_runs_at_two_looks_ran_between_them(pc: Computer) -> None:
    told(0, (A, 1))
    told(5, (A, 1), (B, 1))
    told(10, (B, 1))
    assert minutes() == {A: 5, B: 5}


def test_a_pause_does_not_count(pc: Computer) -> None:
    for minute in (0, 5, 60, 65):
        told(minute, (A, 1))
    assert minutes() == {A: 10}


def test_two_workers_count_once(pc: Computer) -> None:
    for minute in (0, 5, 5, 4, 10, 10):
        told(minute, (A, 1))
    assert minutes() == {A: 10}


def test_a_clock_that_is_set_back_by_hours_goes_on(pc: Computer) -> None:
    for minute in (600, 605, 0, 5):
        told(minute, (A, 1))
    assert minutes() == {A: 10}


def test_machines_and_people_count_once_each(pc: Computer) -> None:
    told(0, (A, 1), (B, 1), (C, 2))
    told(31 * 24 * 60, (A, 1))
    assert carried.sums([pc.pk])[pc.pk] == carried.Sums(machines=3, people=2)
    assert CarriedMonth.objects.filter(holder=A).count() == 2  # a row for each month


def test_what_two_computers_carried_counts_once_together(pc: Computer, admin: User) -> None:
    other = make_computer("in_service")
    ties.tie(node=make_node("guanta"), computer=other, since=at(0), by=admin, now=at(0))
    told(0, (A, 1), (B, 2))
    told(5, (A, 1), host="guanta")
    assert carried.together([pc.pk, other.pk]) == carried.Sums(machines=2, people=2)


def test_a_node_that_nobody_knows_is_left_out(pc: Computer) -> None:
    told(0, (A, 1), host="nobody")
    assert not CarriedMonth.objects.exists()


def test_of_a_node_that_is_no_given_computer_it_is_written_down_too(db: None) -> None:
    make_node()
    told(0, (A, 1))
    told(5, (A, 1))
    assert [(row.computer, row.seconds) for row in CarriedMonth.objects.all()] == [(None, 300)]


def test_nothing_runs(pc: Computer) -> None:
    told(0)
    assert carried.sums([pc.pk]) == {}
    assert carried.together([pc.pk]) == carried.Sums()
