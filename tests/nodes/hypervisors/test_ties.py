"""The computer that a node is, and since when."""

from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from accounts.models import AuditRow, User
from nodes import actions
from nodes.hypervisors import carried, ties
from nodes.hypervisors.carried import Carried
from nodes.hypervisors.ties import NotTied
from nodes.models import CarriedMonth, Computer, Node, NodeTie
from tests.nodes.donated import make_computer
from tests.nodes.hypervisors.seen import at, kinds, make_node, seen_up, served, watched

pytestmark = pytest.mark.django_db
ONE, OTHER = UUID(int=1), UUID(int=2)
DAY = 24 * 60  # minutes


@pytest.fixture
def pc() -> Computer:
    return make_computer("in_service")


def tie(node: Node, computer: Computer, admin: User, since: float = 0, now: float = 1000) -> NodeTie:
    return ties.tie(node=node, computer=computer, since=at(since), by=admin, now=at(now))


def test_hours_count_for_the_computer_from_the_time_on(pc: Computer, admin: User) -> None:
    tie(watched((0, 100)), pc, admin, since=40)
    assert served() == {("quinde", pc.number, "2026-03"): 60, ("quinde", "", "2026-03"): 40}


def test_another_computer_takes_over_from_the_time_on(pc: Computer, admin: User) -> None:
    other, node = make_computer("tested"), watched((0, 100))
    tie(node, pc, admin)
    tie(node, other, admin, since=70)
    assert served() == {("quinde", pc.number, "2026-03"): 70, ("quinde", other.number, "2026-03"): 30}
    assert kinds(node) == ["seen", "tied", "untied", "tied"]


def test_what_it_did_stays_with_it_when_it_is_untied(pc: Computer, admin: User) -> None:
    node = watched((0, 100))
    tie(node, pc, admin)
    ties.untie(node=node, by=admin, now=at(50))
    assert served() == {("quinde", pc.number, "2026-03"): 50, ("quinde", "", "2026-03"): 50}


def test_tied_again_to_the_same_changes_nothing(pc: Computer, admin: User) -> None:
    node = make_node()
    assert tie(node, pc, admin) == tie(node, pc, admin)
    assert kinds(node) == ["tied"]


def test_machines_of_the_time_count_for_the_computer_too(pc: Computer, admin: User) -> None:
    node = make_node()
    carried.note([Carried("quinde", ONE, 1)], at(0))
    carried.note([Carried("quinde", OTHER, 1)], at(60))
    tie(node, pc, admin, since=30)
    assert carried.sums([pc.pk])[pc.pk] == carried.Sums(machines=1, people=1)


@pytest.mark.parametrize(
    ("since", "state", "text", "field"),
    [
        (2000, "in_service", "That lies in the future.", "since"),
        (0, "offered", "is not here: only a computer that was received can be a node.", "computer"),
        (0, "recycled", "is not here", "computer"),
    ],
)
def test_what_cannot_be_is_refused(since: float, state: str, text: str, field: str, admin: User) -> None:
    with pytest.raises(NotTied, match=text) as refused:
        tie(make_node(), make_computer(state), admin, since=since)
    assert (refused.value.field, NodeTie.objects.count()) == (field, 0)


def test_a_computer_is_one_node(pc: Computer, admin: User) -> None:
    tie(make_node(), pc, admin)
    with pytest.raises(NotTied, match="is the node quinde"):
        tie(make_node("guanta"), pc, admin)


def test_a_day_on_which_it_was_up_as_another_node_is_refused(pc: Computer, admin: User) -> None:
    node = make_node()
    seen_up(node, (0, 2 * DAY))
    tie(node, pc, admin)
    ties.untie(node=node, by=admin, now=at(3 * DAY))
    with pytest.raises(NotTied, match=r"was the node quinde until 4.Mar.2026\. Give a later day"):
        tie(make_node("guanta"), pc, admin, since=400, now=4 * DAY)


def test_a_node_that_got_another_name_keeps_its_hours(pc: Computer, admin: User) -> None:
    old, new = make_node(), make_node("guanta")
    seen_up(old, (0, 100))
    seen_up(new, (110, 160))
    tie(old, pc, admin)
    ties.untie(node=old, by=admin, now=at(3 * DAY))
    tie(new, pc, admin, since=50, now=3 * DAY)
    assert served() == {("quinde", pc.number, "2026-03"): 100, ("guanta", pc.number, "2026-03"): 50}


def test_a_wrong_computer_gives_way(pc: Computer, admin: User) -> None:
    node, right = watched((0, 100)), make_computer("tested")
    carried.note([Carried("quinde", ONE, 1)], at(30))
    tie(node, pc, admin, since=20)
    tie(node, right, admin, since=10)
    assert served() == {("quinde", right.number, "2026-03"): 90, ("quinde", "", "2026-03"): 10}
    assert set(carried.sums([pc.pk, right.pk])) == {right.pk}


@pytest.mark.parametrize(("since", "minutes"), [(10, 90), (70, 30)])
def test_a_wrong_day_is_corrected(since: float, minutes: int, pc: Computer, admin: User) -> None:
    node = watched((0, 100))
    tie(node, pc, admin, since=40)
    tie(node, pc, admin, since=since)
    assert served()["quinde", pc.number, "2026-03"] == minutes
    assert kinds(node) == ["seen", "tied", "untied", "tied"]


def test_of_a_day_corrected_to_a_later_one_nothing_is_carried_before(pc: Computer, admin: User) -> None:
    node = make_node()
    carried.note([Carried("quinde", ONE, 1)], at(30))
    tie(node, pc, admin, since=20)
    tie(node, pc, admin, since=40)
    assert carried.sums([pc.pk]) == {}


def test_one_that_was_untied_today_leaves_the_rest_of_the_day(pc: Computer, admin: User) -> None:
    node, other = watched((0, 100)), make_computer("tested")
    tie(node, pc, admin)
    ties.untie(node=node, by=admin, now=at(40))
    tie(node, other, admin)
    assert served() == {("quinde", pc.number, "2026-03"): 40, ("quinde", other.number, "2026-03"): 60}


def test_one_that_was_untied_by_mistake_is_tied_as_before(pc: Computer, admin: User) -> None:
    node = watched((0, 100))
    tie(node, pc, admin)
    ties.untie(node=node, by=admin, now=at(40))
    tie(node, pc, admin)
    assert served() == {("quinde", pc.number, "2026-03"): 100}


def test_a_time_that_counts_for_one_before_is_refused(pc: Computer, admin: User) -> None:
    node = make_node()
    tie(node, pc, admin)
    ties.untie(node=node, by=admin, now=at(3 * DAY))
    with pytest.raises(NotTied, match=rf"It was {pc.number} until 5.Mar.2026\. Give a later day"):
        tie(node, make_computer("tested"), admin, now=4 * DAY)


def test_what_counts_for_a_wrong_one_is_corrected_by_saying_that_first(pc: Computer, admin: User) -> None:
    node, right = watched((0, 100)), make_computer("tested")
    tie(node, pc, admin)
    ties.untie(node=node, by=admin, now=at(3 * DAY))
    tie(node, pc, admin)
    tie(node, right, admin, now=4 * DAY)
    assert served() == {("quinde", right.number, "2026-03"): 100}


def test_a_machine_that_came_back_after_it_was_untied_is_one_row(pc: Computer, admin: User) -> None:
    node = make_node()
    tie(node, pc, admin)
    carried.note([Carried("quinde", ONE, 1)], at(10))
    ties.untie(node=node, by=admin, now=at(20))
    carried.note([Carried("quinde", ONE, 1)], at(30))
    tie(node, pc, admin, since=25)
    assert list(CarriedMonth.objects.values_list("computer", flat=True)) == [pc.pk]


def test_a_machine_that_ran_before_and_after_counts_for_both(pc: Computer, admin: User) -> None:
    node, other = make_node(), make_computer("tested")
    tie(node, pc, admin)
    for minutes in (10, 20, 30):
        carried.note([Carried("quinde", ONE, 1)], at(minutes))
    tie(node, other, admin, since=15)
    rows = CarriedMonth.objects.order_by("first_at").values_list("computer", "seconds")
    assert list(rows) == [(pc.pk, 300), (other.pk, 900)]


def test_what_was_on_a_node_before_the_day_counts_from_the_day_on(pc: Computer, admin: User) -> None:
    node = make_node()
    for minutes in (10, 20):
        carried.note([Carried("quinde", ONE, 1)], at(minutes))
    tie(node, pc, admin, since=15)
    assert carried.sums([pc.pk])[pc.pk] == carried.Sums(machines=1, people=1)


def test_a_computer_that_is_here_no_more_is_no_node(pc: Computer, admin: User) -> None:
    node = watched((0, 5))
    tie(node, pc, admin)
    actions.step(computers=[pc], name="lose", by=admin)
    assert not node.ties.filter(until=None).exists()
    assert kinds(node) == ["seen", "tied", "untied"]


def test_a_step_that_is_taken_back_ties_it_again(pc: Computer, admin: User) -> None:
    node = watched((0, 5))
    tie(node, pc, admin)
    actions.undo(batch=actions.step(computers=[pc], name="lose", by=admin), by=admin)
    assert node.ties.get().until is None


def test_a_step_that_is_taken_back_leaves_the_node_to_who_is_there(pc: Computer, admin: User) -> None:
    node, other = watched((0, 5)), make_computer("tested")
    tie(node, pc, admin)
    batch = actions.step(computers=[pc], name="lose", by=admin)
    ties.tie(node=node, computer=other, since=timezone.now(), by=admin, now=timezone.now())
    actions.undo(batch=batch, by=admin)
    assert node.ties.get(until=None).computer == other


def test_it_is_in_the_audit_log(pc: Computer, admin: User) -> None:
    node = make_node()
    tie(node, pc, admin)
    ties.untie(node=node, by=admin, now=at(2000))
    rows: list[Any] = list(AuditRow.objects.filter(kind="node").order_by("pk").values_list("verb", "name", "detail"))
    tied = {"computer": pc.number, "since": at(0).isoformat()}
    assert rows == [("tie_node", "quinde", tied), ("untie_node", "quinde", {"computer": pc.number})]
