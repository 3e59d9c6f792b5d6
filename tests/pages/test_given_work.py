"""The work of computers, as their donors see it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.donors import donor_links
from accounts.models import User
from nodes.hypervisors import carried, hours, ties
from nodes.hypervisors.carried import Carried
from nodes.models import Computer, NodeSpell
from tests.nodes.donated import donor_of, make_computer
from tests.nodes.hypervisors.seen import make_node
from tests.pages.plain_text import text


def served(
    computer: Computer, admin: User, name: str = "quinde", *, for_hours: int = 5, holders: tuple[int, ...] = (1, 2)
) -> None:
    """Let a computer be a node that was up for some hours and carries machines of two people."""
    now = timezone.now()
    began = now - timedelta(hours=for_hours)
    node = make_node(name, first_seen_at=began, seen_at=now)
    NodeSpell.objects.create(node=node, began_at=began, ended_at=now)
    ties.tie(node=node, computer=computer, since=began, by=admin, now=now)
    hours.work_out_all()
    carried.note([Carried(name, UUID(int=holder), holder) for holder in holders], now)


@pytest.fixture
def pc(donor: User, client: Client) -> Computer:
    """A computer of a donor who is signed in."""
    client.force_login(donor)
    return make_computer("in_service", donor=donor_of(user=donor), grams=8400)


def test_before_it_serves_nothing_is_told(client: Client, pc: Computer) -> None:
    assert "What your computers did" not in text(client.get("/donating/"))


def test_hours_machines_and_people_are_told(client: Client, pc: Computer, admin: User) -> None:
    served(pc, admin)
    page = text(client.get("/donating/"))
    assert "5 hours in service · 2 machines · 2 people" in page
    assert "quinde" not in page


def test_two_computers_count_a_person_once(client: Client, pc: Computer, admin: User) -> None:
    served(pc, admin)
    served(make_computer("in_service", donor=pc.donation.donor), admin, "tucan", holders=(2, 3))
    assert "Machines they carried 3 People who had them 3" in text(client.get("/donating/"))


def test_a_computer_that_was_not_weighed_counts_as_such_usually_weigh(
    client: Client, pc: Computer, admin: User
) -> None:
    served(pc, admin)
    make_computer("tested", donor=pc.donation.donor, kind="laptop")
    make_computer("recycled", donor=pc.donation.donor)
    page = text(client.get("/donating/"))
    assert ("11.4 kg" in page, "1 of 2 weighed" in page) == (True, True)


def test_electricity_is_told_where_it_was_measured(client: Client, pc: Computer, admin: User, settings: Any) -> None:
    served(pc, admin, for_hours=20)
    assert "kWh" not in text(client.get("/donating/"))
    settings.COMPUTER_WATTS = 60
    assert "about 1 kWh of electricity" in text(client.get("/donating/"))


def test_whoever_has_only_the_link_sees_the_same(client: Client, admin: User) -> None:
    computer = make_computer("in_service")
    served(computer, admin)
    page = text(client.get(f"/given/{donor_links.token(computer.donation.donor)}/"))
    assert "5 hours in service · 2 machines · 2 people" in page


def test_of_others_nothing_is_told(client: Client, pc: Computer, admin: User) -> None:
    served(make_computer("in_service", donor=donor_of("carlos@example.org")), admin)
    assert "hours in service ·" not in text(client.get("/donating/"))


def test_queries_do_not_grow_with_computers(client: Client, pc: Computer, admin: User) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get("/donating/")
        return len(seen)

    served(pc, admin)
    client.get("/donating/")
    before = count()
    for n in range(5):
        served(make_computer("in_service", donor=pc.donation.donor), admin, f"node-{n}")
    assert count() == before
