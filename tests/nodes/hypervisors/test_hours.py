"""Hours of nodes: what was seen counts once, whatever happened to clocks, workers and databases."""

import random
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from nodes.hypervisors import hours
from nodes.hypervisors.ties import tie
from nodes.models import NodeSpell, ServedMonth
from tests.nodes.donated import make_computer
from tests.nodes.hypervisors.seen import START, at, look, make_node, seen_up, served, watched

pytestmark = pytest.mark.django_db
MARCH = ("quinde", "", "2026-03")


def test_from_the_first_look_to_the_last_it_served() -> None:
    watched((0, 90))
    assert served() == {MARCH: 90}


def test_what_nobody_saw_does_not_count() -> None:
    watched((0, 10), (30, 40))
    assert (served(), NodeSpell.objects.count()) == ({MARCH: 20}, 2)


def test_a_node_that_is_down_does_not_serve() -> None:
    watched((0, 10))
    for minute in (11, 12, 13):
        look(minute, up=False)
    watched((14, 24))
    assert served() == {MARCH: 20}


def test_two_workers_that_look_at_once_count_once() -> None:
    for minute in (0, 0, 1, 1, 2, 1.5, 2):
        look(minute)
    assert served() == {MARCH: 2}


def test_a_clock_that_was_a_day_ahead_for_an_hour_gives_no_hour_twice() -> None:
    day = 24 * 60
    watched((0, 10), (day, day + 60), (11, 20), (day - 5, day + 65))
    assert served() == {MARCH: 20 + 70}


def test_a_clock_that_was_set_back_counts_the_hour_once() -> None:
    watched((0, 60), (20, 80))
    assert served() == {MARCH: 80}


def test_a_month_ends_at_midnight_of_the_site(settings: Any) -> None:
    node = make_node()
    seen_up(node, (29 * 24 * 60, 31 * 24 * 60))  # 31 March 10:00 to 2 April 10:00, UTC
    hours.work_out_all()
    assert served() == {MARCH: 14 * 60, ("quinde", "", "2026-04"): 34 * 60}


def test_a_database_that_was_restored_goes_on_from_what_it_knows() -> None:
    watched((0, 60))
    kept = list(NodeSpell.objects.values())
    watched((61, 120))
    NodeSpell.objects.all().delete()
    NodeSpell.objects.bulk_create(NodeSpell(**row) for row in kept)
    hours.work_out_all()
    watched((130, 140))
    assert served() == {MARCH: 70}


@pytest.mark.parametrize("seed", range(12))
def test_the_ledger_that_grew_is_the_one_that_is_worked_out(seed: int, admin: User) -> None:
    """Looks in any order, clocks that jump, a computer that is tied in the middle: growing and working out give the same sums."""
    dice, minute, seen = random.Random(seed), 0.0, set()
    node, computer = make_node(), make_computer("tested")
    for turn in range(60):
        minute = max(0.0, minute + dice.choice([0.5, 1, 1, 1, 2, 5, 44640, -3, -600]))
        look(minute)
        seen.add(minute)
        if turn == 30:
            tie(node=node, computer=computer, since=at(min(seen)), by=admin, now=at(max(seen)))
    grown = {(row.computer_id, row.month): row.seconds for row in ServedMonth.objects.all()}
    ServedMonth.objects.all().delete()
    hours.work_out_all()
    assert {(row.computer_id, row.month): row.seconds for row in ServedMonth.objects.all()} == grown
    assert sum(grown.values()) <= (max(seen) - min(seen)) * 60


def test_a_month_is_never_longer_than_a_month() -> None:
    node = make_node()
    seen_up(node, *[(-9000 + n, 99000 + n) for n in range(5)])
    hours.work_out_all()
    assert served()["quinde", "", "2026-03"] == 31 * 24 * 60


def test_nothing_is_read_of_other_nodes() -> None:
    seen_up(make_node("guanta"), (0, 60))
    watched((0, 5))
    assert served() == {MARCH: 5}


def test_the_sums_do_not_grow_when_they_are_worked_out_again(django_assert_num_queries: Any) -> None:
    watched((0, 60))
    with django_assert_num_queries(5):
        hours.work_out_all()
    assert served() == {MARCH: 60}


def test_times_are_those_of_the_looks() -> None:
    watched((0, 60))
    spell = NodeSpell.objects.get()
    assert (spell.began_at, spell.ended_at) == (START, START + timedelta(hours=1))
