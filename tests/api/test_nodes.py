"""The cluster's nodes and the work of computers, by the API."""

from uuid import UUID

import pytest
from django.utils import timezone

from accounts.models import User
from nodes.hypervisors import carried, hours, ties
from nodes.hypervisors.carried import Carried
from nodes.models import Computer
from tests.api.program import Program
from tests.nodes.donated import donor_of, make_computer
from tests.nodes.hypervisors.seen import at, look, make_node, seen_up


@pytest.fixture
def pc(donor: User, admin: User) -> Computer:
    """A donor's computer, which was the node quinde for two hours and carried two machines of one person."""
    computer = make_computer("in_service", donor=donor_of(user=donor), grams=8400)
    node = make_node()
    seen_up(node, (0, 120))
    ties.tie(node=node, computer=computer, since=at(0), by=admin, now=timezone.now())
    hours.work_out_all()
    carried.note([Carried("quinde", UUID(int=n), 7) for n in (1, 2)], timezone.now())
    return computer


def test_administrators_read_the_nodes(admin: User, pc: Computer) -> None:
    look(0, "quinde", "albatros", vcpus_used=3)
    albatros, quinde = Program(admin).ask("GET", "nodes/").json()
    assert (albatros["name"], albatros["hours"], albatros["computer"]) == ("albatros", 0, "")
    assert (quinde["vcpus_used"], quinde["hours"], quinde["computer"], quinde["up"]) == (3, 2, pc.number, True)


@pytest.mark.parametrize("role", ["student", "teacher", "donor"])
def test_nobody_else_does(role: str, request: pytest.FixtureRequest) -> None:
    assert Program(request.getfixturevalue(role)).ask("GET", "nodes/").status_code == 403


def test_a_donor_reads_what_their_computers_did(donor: User, pc: Computer) -> None:
    make_computer("in_service", donor=donor_of("carlos@example.org"))
    [row] = Program(donor).ask("GET", "computers/").json()
    facts = {"number": pc.number, "node": "quinde", "hours": 2, "machines": 2, "people": 1, "kg": 8.4}
    assert {name: row[name] for name in facts} == facts


def test_of_one_that_never_served_it_is_nothing(admin: User) -> None:
    make_computer("received")
    [row] = Program(admin).ask("GET", "computers/").json()
    assert (row["node"], row["hours"], row["machines"], row["people"]) == ("", 0, 0, 0)
