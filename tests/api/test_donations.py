"""Donations and given computers by the API: seen by their donor and administrators, hidden from everybody else."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from nodes.models import Computer
from nodes.wiping import certificates
from tests.api.giving import OLD, PC, offer, step
from tests.api.program import Program
from tests.nodes.wiping.wiped import certified


def test_its_donor_and_administrators_see_it_and_nobody_else_does(
    given: str, theirs: Program, office: Program, stranger: Any, teacher: User
) -> None:
    for program, count in ((theirs, 1), (office, 1), (stranger, 0), (Program(teacher), 0)):
        assert len(program.ask("GET", "donations/").json()) == count
        assert len(program.ask("GET", "computers/").json()) == count
        assert program.ask("GET", f"donations/{given}/").status_code == (200 if count else 404)


def test_what_one_shows(given: str, theirs: Program) -> None:
    shown = theirs.ask("GET", f"donations/{given.lower()}/").json()
    facts = {
        "number": given, "state": "open", "handover": "bring", "message": "From Monday on.", "to_confirm": False, "confirmed": "",
        "confirmed_at": None, "confirm_note": "",
        "donor": {"name": "Lucía Paz", "organisation": "Colegio Mejía", "email": "lucia@example.org", "username": "student"},
    }  # fmt: skip
    assert {name: shown[name] for name in facts} == facts
    assert set(shown) == {*facts, "offered_at", "computers", "events"}


def test_what_its_computers_and_events_show(given: str, theirs: Program) -> None:
    shown, computer = theirs.ask("GET", f"donations/{given}/").json(), Computer.objects.get()
    facts = {
        "number": computer.number, "donation": given, "kind": "desktop", "model": "Dell OptiPlex 7010", "state": "offered", "kg": None, "why": "",
        "certificate": "", "reason": "", "cpu": "Core i5-3470", "ram_mb": 8192, "bits": None, "used_for": "", "disk_gb": None, "nic_mbit": None, "year": 2013,
    }  # fmt: skip
    [told], [event] = shown["computers"], shown["events"]
    assert {name: told[name] for name in facts} == facts
    assert (event["computer"], event["from_state"], event["to_state"]) == (computer.number, "", "offered")
    assert event["undoes"] is False


def test_notes_and_names_of_staff_are_for_staff(given: str, theirs: Program, office: Program) -> None:
    step(office, given, "accept", note="Ask for its charger.")
    shown = {
        name: p.ask("GET", f"donations/{given}/").json()["events"][0]
        for name, p in (("donor", theirs), ("staff", office))
    }
    assert [(each["note"], each["by"], bool(each["batch"])) for each in shown.values()] == [
        ("", "", False),
        ("Ask for its charger.", "admin", True),
    ]
    assert "charger" not in theirs.ask("GET", f"donations/{given}/").content.decode()
    assert "charger" not in theirs.ask("GET", "donations/").content.decode()


@pytest.mark.parametrize(
    "number", ["MNG-D-9999", "MNG-D-", "9999", "x", "MNG-D-" + "9" * 30, "MNG-00001-7", "MNG-D-%00"]
)
def test_a_number_that_there_is_not(office: Program, number: str) -> None:
    replies = [
        office.ask(method, f"donations/{number}/{rest}")
        for method, rest in (("GET", ""), ("POST", "steps/"), ("POST", "confirm/"))
    ]
    assert {reply.status_code for reply in replies} == {404}


def test_the_list_is_filtered_by_state_and_donor(office: Program, given: str) -> None:
    number = offer(OLD, email="ana@example.org", name="Ana", organisation="").json()["number"]
    found = {query: {each["number"] for each in office.ask("GET", f"donations/?{query}").json()} for query in (
        "state=open", "state=declined", "state=open,declined", "state=done", "donor=mejía", "donor=ANA", "donor=example.org", "donor=nobody", "donor=%25",
    )}  # fmt: skip
    assert found == {
        "state=open": {given}, "state=declined": {number}, "state=open,declined": {given, number}, "state=done": set(), "donor=mejía": {given},
        "donor=ANA": {number}, "donor=example.org": {given, number}, "donor=nobody": set(), "donor=%25": set(),
    }  # fmt: skip


def test_the_certificate_that_is_valid(office: Program, theirs: Program, given: str, admin: User) -> None:
    computer = Computer.objects.get()
    Computer.objects.filter(pk=computer.pk).update(state="received")
    certificate = certified(admin, computer)
    assert theirs.ask("GET", f"donations/{given}/").json()["computers"][0]["certificate"] == certificate.number
    certificates.withdraw(certificate=certificate, by=admin, reason="x")
    assert theirs.ask("GET", "computers/").json()[0]["certificate"] == ""


def test_computers_are_filtered_by_state(office: Program, given: str) -> None:
    offer(OLD, email="ana@example.org")
    assert [each["why"] for each in office.ask("GET", "computers/?state=declined").json()] == [
        "It is a 32-bit computer."
    ]
    assert len(office.ask("GET", "computers/?state=declined,offered").json()) == 2


@pytest.mark.parametrize(
    "path", ["donations/?state=x", "computers/?state=open", "donations/?cursor=x", "computers/?limit=0"]
)
def test_a_filter_that_is_none(office: Program, path: str) -> None:
    reply = office.ask("GET", path)
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("path", ["donations/", "computers/"])
def test_lists_are_paged_and_known_again(office: Program, path: str) -> None:
    numbers = [offer(PC, program=office).json()["number"] for _each in range(3)]
    first = office.ask(
        "GET", f"{path}?limit=2&state=open,done".replace("open,done", "open" if path == "donations/" else "offered")
    )
    assert (len(first.json()), 'rel="next"' in first["Link"]) == (2, True)
    rest = office.client.get(first["Link"].partition("<")[2].partition(">")[0], headers=office.headers)
    shown = [each.get("donation", each["number"]) for each in first.json() + rest.json()]
    assert (shown, "Link" in rest) == (numbers[::-1], False)
    tag = office.ask("GET", path)["ETag"]
    assert office.ask("GET", path, **{"If-None-Match": tag}).status_code == 304


def test_a_donation_of_more_computers_asks_no_more_queries(office: Program) -> None:
    counts = []
    for computers in ([PC], [PC] * 10):
        number = offer(*computers, program=office).json()["number"]
        step(office, number, "accept")
        with CaptureQueriesContext(connection) as queries:
            assert len(office.ask("GET", f"donations/{number}/").json()["events"]) == 2 * len(computers)
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("path", ["donations/", "computers/"])
def test_a_longer_list_asks_no_more_queries(office: Program, path: str) -> None:
    counts = []
    for _round in range(2):
        offer(PC, OLD, program=office), offer(PC, program=office, email="ana@example.org")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            office.ask("GET", path)
        counts.append(len(queries))
    assert counts[0] == counts[1]
