"""Computers are offered by the API: by anybody, bounded, and nothing else is open to who is not signed in."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import Donor, Notice, OnceKey, User
from nodes.models import Computer, Donation, StateChange
from tests.api.giving import OFFER, OLD, PC, offer
from tests.api.program import Program
from tests.nodes.subscribed import make_plan


def test_without_an_account_computers_are_offered_and_one_too_small_is_declined_with_the_reason(db: None) -> None:
    make_plan()
    reply = offer()
    assert reply.status_code == 201, reply.content
    first, second = Computer.objects.all()
    assert reply.json() == {
        "number": Donation.objects.get().number,
        "state": "open",
        "computers": [
            {"number": first.number, "state": "offered", "why": ""},
            {"number": second.number, "state": "declined", "why": "It is a 32-bit computer."},
        ],
        "months": 12,
    }
    donor = Donor.objects.get()
    assert (donor.email, donor.name, donor.organisation, donor.user) == (
        "lucia@example.org",
        "Lucía Paz",
        "Colegio Mejía",
        None,
    )


def test_the_reason_and_the_mail_are_in_the_language_that_was_asked_for(db: None) -> None:
    sent = json.dumps({**OFFER, "computers": [OLD]})
    reply = Client().post(
        "/api/v1/donations/", sent, content_type="application/json", headers={"Accept-Language": "es"}
    )
    assert (reply.json()["state"], reply.json()["computers"][0]["why"]) == (
        "declined",
        "Es una computadora de 32 bits.",
    )
    assert (Donor.objects.get().language, Notice.objects.get().kind) == ("es", "donation.offered")


def test_a_person_with_a_proven_address_types_neither_name_nor_address_and_has_it_at_once(theirs: Program) -> None:
    reply = theirs.ask("POST", "donations/", {"handover": "bring", "computers": [PC]})
    assert reply.status_code == 201, reply.content
    [listed] = theirs.ask("GET", "donations/").json()
    assert listed["number"] == reply.json()["number"]
    assert listed["donor"] == {
        "name": "student",
        "organisation": "",
        "email": "lucia@example.org",
        "username": "student",
    }
    theirs.user.refresh_from_db()
    assert set(theirs.user.roles) == {"student", "donor"}


def test_an_unproven_address_is_nobodys_yet(api: Any) -> None:
    User.objects.filter(pk=api.user.pk).update(email="lucia@example.org")
    assert offer(PC, program=api).status_code == 201
    assert (api.ask("GET", "donations/").json(), Donor.objects.get().user) == ([], None)


def test_what_a_person_writes_down_for_another_is_not_theirs(theirs: Program) -> None:
    assert offer(PC, program=theirs, email="other@example.org").status_code == 201
    assert (theirs.ask("GET", "donations/").json(), Donor.objects.get().user) == ([], None)
    own = offer(PC, program=theirs).json()["number"]
    assert offer(PC, program=theirs, email="other@example.org").status_code == 201
    assert [each["number"] for each in theirs.ask("GET", "donations/").json()] == [own]


def test_a_stranger_who_types_a_donors_address_changes_and_learns_nothing(given: str) -> None:
    reply = offer(PC, name="Somebody", organisation="Elsewhere")
    assert set(reply.json()) == {"number", "state", "computers", "months"}
    assert (Donor.objects.get().name, Donor.objects.get().organisation) == ("Lucía Paz", "Colegio Mejía")


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"name": ""}, ["name"]), ({"name": "a\nb"}, ["name"]), ({"name": 5}, ["name"]), ({"name": "x" * 121}, ["name"]), ({"name": "a\0"}, ["name"]),
        ({"email": ""}, ["email"]), ({"email": "lucia"}, ["email"]), ({"email": "a@example.org\nBcc: b@example.org"}, ["email"]), ({"email": [1]}, ["email"]),
        ({"name": "", "email": ""}, ["email", "name"]), ({"handover": "throw"}, ["handover"]), ({"handover": None}, ["handover"]),
        ({"message": "x" * 501}, ["message"]), ({"message": "a\0"}, ["message"]), ({"organisation": "x" * 121}, ["organisation"]),
        ({"computers": []}, ["computers"]), ({"computers": [PC] * 21}, ["computers"]), ({"computers": None}, ["computers"]),
        ({"computers": "x"}, ["computers"]), ({"computers": [PC, 5]}, ["computers.1"]), ({"computers": [PC, {}]}, ["computers.1.kind"]),
        ({"computers": [{**PC, "ram_mb": 0}, {**PC, "year": 1979}]}, ["computers.0.ram_mb", "computers.1.year"]),
        ({"computers": [{**PC, "year": 2999}]}, ["computers.0.year"]), ({"computers": [{**PC, "bits": 16}]}, ["computers.0.bits"]),
        ({"computers": [{**PC, "ram_mb": 10**30}]}, ["computers.0.ram_mb"]), ({"computers": [{**PC, "disk_gb": "many"}]}, ["computers.0.disk_gb"]),
        ({"computers": [{**PC, "nic_mbit": -1}]}, ["computers.0.nic_mbit"]), ({"computers": [{**PC, "kind": "toaster"}]}, ["computers.0.kind"]),
        ({"computers": [{**PC, "model": "\u202e"}]}, ["computers.0.model"]), ({"computers": [{**PC, "cpu": "x" * 101}]}, ["computers.0.cpu"]),
        ({"computers": [{**PC, "ram_mb": True}]}, ["computers.0.ram_mb"]), ({"computers": [{**PC, "ram_mb": "6_4"}]}, ["computers.0.ram_mb"]),
        ({"computers": [{**PC, "year": " 2013"}]}, ["computers.0.year"]), ({"computers": [{**PC, "disk_gb": "٣٢"}]}, ["computers.0.disk_gb"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(
    db: None, changes: dict[str, Any], fields: list[str]
) -> None:
    reply = offer(**changes)
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid"), reply.content
    assert sorted({error["field"] for error in reply.json()["errors"]}) == fields
    assert all(error["detail"] for error in reply.json()["errors"])
    assert not Donor.objects.exists()


@pytest.mark.parametrize("body", ["", "null", "[]", "5", "{", b"\xff", '{"computers": [NaN]}', '{"name": "\\ud800"}'])
def test_a_body_that_is_no_offer(db: None, body: Any) -> None:
    reply = Client().generic("POST", "/api/v1/donations/", body, content_type="application/json")
    assert (reply.status_code, Donation.objects.count()) == (400, 0)


def test_twenty_at_a_time(db: None) -> None:
    assert len(offer(*[PC] * 20).json()["computers"]) == 20


def test_five_an_hour_from_one_address(db: None) -> None:
    replies = [offer(PC) for _try in range(6)]
    assert [reply.status_code for reply in replies] == [201] * 5 + [429]
    told = replies[-1].json()
    assert (told["code"], told["detail"][:26], int(replies[-1]["Retry-After"]) > 3500) == (
        "throttled",
        "That is a lot of offers at",
        True,
    )
    assert Donation.objects.count() == 5


def test_a_wrong_offer_does_not_count(db: None) -> None:
    for _try in range(9):
        assert offer(handover="x").status_code == 400
    assert offer(PC).status_code == 201


def test_administrators_write_down_what_people_bring_without_that_limit(office: Program) -> None:
    assert {offer(PC, program=office).status_code for _try in range(7)} == {201}


def test_the_same_key_is_one_offer_and_counts_once(theirs: Program) -> None:
    sent = {**OFFER, "computers": [PC]}
    replies = [theirs.ask("POST", "donations/", sent, **{"Idempotency-Key": "k"}) for _try in range(7)]
    assert [reply.status_code for reply in replies] == [201] * 7
    assert (len({reply.json()["number"] for reply in replies}), Donation.objects.count()) == (1, 1)


def test_without_an_account_a_key_is_not_looked_at(db: None) -> None:
    sent = json.dumps({**OFFER, "computers": [PC]})
    for _twice in range(2):
        reply = Client().post(
            "/api/v1/donations/", sent, content_type="application/json", headers={"Idempotency-Key": "k"}
        )
        assert reply.status_code == 201
    assert (Donation.objects.count(), OnceKey.objects.count()) == (2, 0)


def test_a_token_that_has_ended_is_not_taken_for_nobody(db: None) -> None:
    sent = json.dumps({**OFFER, "computers": [PC]})
    reply = Client().post(
        "/api/v1/donations/", sent, content_type="application/json", headers={"Authorization": "Bearer x"}
    )
    assert (reply.status_code, Donation.objects.count()) == (401, 0)


def test_nothing_else_is_open(given: str) -> None:
    nobody = Client()
    for method, path in [
        ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", f"{given}/"), ("POST", f"{given}/"), ("POST", f"{given}/steps/"),
        ("POST", f"{given}/confirm/"), ("DELETE", f"{given}/steps/{StateChange.objects.first().batch}/"),
    ]:  # fmt: skip
        reply = nobody.generic(method, f"/api/v1/donations/{path}", "{}", content_type="application/json")
        assert reply.status_code == 401, (method, path)
    assert nobody.get("/api/v1/computers/").status_code == 401


@pytest.mark.parametrize(
    "email", ["a@" + "㍿." * 100 + "com", "a@b", "a@b.co\r\nBcc: c@d.co", "a@b.co, c@d.co", "<a@b.co>"]
)
def test_an_address_that_no_row_can_hold_is_refused(db: None, email: str) -> None:
    """U+337F is one character as it is typed, and four as it is stored."""
    reply = offer(email=email)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (400, "email")


def test_a_person_with_a_long_name_offers(student: User) -> None:
    User.objects.filter(pk=student.pk).update(first_name="A" * 150, last_name="B" * 150)
    student.refresh_from_db()
    sent = {"handover": "bring", "computers": [PC]}
    assert Program(student).ask("POST", "donations/", sent).status_code == 201
    assert Donor.objects.get().name == "A" * 120
