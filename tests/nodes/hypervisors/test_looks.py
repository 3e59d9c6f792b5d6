"""The rows that a look writes down of each node."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cloud.contract import Host
from nodes.hypervisors import looks
from nodes.models import ClusterHour, Node
from tests.nodes.hypervisors.seen import QUINDE, at, kinds, look

pytestmark = pytest.mark.django_db


def quinde() -> Node:
    return Node.objects.get(name="quinde")


def test_a_new_node_is_written_down_with_its_facts() -> None:
    look(0)
    node = quinde()
    assert (node.vcpus, node.ram_mb_used, node.servers, node.seen_at, node.since) == (4, 2048, 1, at(0), None)
    assert kinds(node) == ["seen"]


def test_the_same_again_is_no_event() -> None:
    look(0)
    look(1, vcpus_used=3)
    assert (quinde().vcpus_used, kinds(quinde())) == (3, ["seen"])


def test_what_changes_is_an_event_and_a_since() -> None:
    look(0)
    look(1, up=False)
    look(2, up=False)
    assert (quinde().since, kinds(quinde())) == (at(1), ["seen", "down"])
    look(3)
    assert (quinde().since, kinds(quinde())) == (at(3), ["seen", "down", "up"])


def test_a_node_that_is_disabled_says_why() -> None:
    look(0)
    look(1, enabled=False, note="its fan")
    event = quinde().events.get(kind="disabled")
    assert (event.note, quinde().note) == ("its fan", "its fan")


def test_a_node_that_the_cloud_lists_no_more_stays_and_is_not_up() -> None:
    look(0, "quinde", "guanta")
    look(1, "guanta")
    assert (quinde().listed, quinde().up, quinde().seen_at) == (False, False, at(0))
    assert kinds(quinde()) == ["seen", "unlisted"]
    look(2, "quinde", "guanta")
    assert (quinde().up, kinds(quinde())) == (True, ["seen", "unlisted", "listed", "up"])


def test_a_look_that_began_earlier_changes_nothing() -> None:
    look(2, up=False)
    look(1, up=True)
    assert (quinde().up, quinde().seen_at) == (False, at(2))


def test_after_a_clock_was_set_back_looks_count_again() -> None:
    look(600)
    look(0, up=False)
    assert (quinde().up, quinde().seen_at) == (False, at(0))


def test_no_computers_at_all_is_a_look() -> None:
    looks.look([], at(0))
    assert not Node.objects.exists()


def test_an_hour_keeps_the_most_that_was_used_and_the_last_room() -> None:
    look(0, "quinde", "guanta", vcpus_used=3)
    look(30, "quinde", vcpus_used=1)
    hour = ClusterHour.objects.get()
    assert (hour.nodes, hour.nodes_up, hour.vcpus, hour.vcpus_used) == (1, 1, 4, 6)


def test_of_a_node_that_takes_no_machines_the_room_does_not_count() -> None:
    look(0, "quinde", Host("guanta", up=True, enabled=False, vcpus=8))
    hour = ClusterHour.objects.get()
    assert (hour.nodes, hour.nodes_up, hour.vcpus) == (2, 1, 4)


def test_each_hour_has_a_row() -> None:
    for minute in (0, 59, 60, 125):
        look(minute)
    assert [row.at - at(0) for row in ClusterHour.objects.all()] == [timedelta(hours=n) for n in range(3)]


def test_a_note_of_any_length_fits() -> None:
    look(0, Host("quinde", up=True, enabled=False, note="x" * 400))
    assert len(quinde().note) == 255


def test_queries_do_not_grow_with_nodes(django_assert_max_num_queries: Any) -> None:
    names = [f"node{n}" for n in range(40)]
    look(0, *names)
    look(1, *names, QUINDE)
    with django_assert_max_num_queries(22):
        look(2, *names, QUINDE)


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_of_one_name_the_one_that_works_counts(order: int) -> None:
    look(0, *[replace(QUINDE, up=False), QUINDE][::order])
    assert quinde().up


def test_nodes_that_are_known_use_up_no_numbers() -> None:
    for minute in range(5):
        look(minute)
    look(6, "quinde", "guanta")
    assert Node.objects.get(name="guanta").pk == quinde().pk + 1
