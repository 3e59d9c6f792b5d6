"""The computer that a node is, and since when."""

from typing import Any
from uuid import UUID

import pytest

from accounts.models import AuditRow, User
from nodes.hypervisors import carried, ties
from nodes.hypervisors.carried import Carried
from nodes.hypervisors.ties import NotTied
from nodes.models import Computer, Node, NodeTie
from tests.nodes.donated import make_computer
from tests.nodes.hypervisors.seen import at, kinds, make_node, served, watched

pytestmark = pytest.mark.django_db
ONE, OTHER = UUID(int=1), UUID(int=2)


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
    assert tie(node, pc, admin) == tie(node, pc, admin, since=5)
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


def test_a_time_in_which_it_was_another_node_is_refused(pc: Computer, admin: User) -> None:
    node = make_node()
    tie(node, pc, admin)
    ties.untie(node=node, by=admin, now=at(500))
    with pytest.raises(NotTied, match="At that time it was another one"):
        tie(make_node("guanta"), pc, admin, since=400)


def test_a_time_before_that_of_the_one_before_is_refused(pc: Computer, admin: User) -> None:
    node = make_node()
    tie(node, pc, admin, since=100)
    with pytest.raises(NotTied, match="At that time it was another one"):
        tie(node, make_computer("tested"), admin, since=50)


def test_it_is_in_the_audit_log(pc: Computer, admin: User) -> None:
    node = make_node()
    tie(node, pc, admin)
    ties.untie(node=node, by=admin, now=at(2000))
    rows: list[Any] = list(AuditRow.objects.filter(kind="node").order_by("pk").values_list("verb", "name", "detail"))
    assert rows == [("tie_node", "quinde", {"computer": pc.number}), ("untie_node", "quinde", {"computer": pc.number})]
