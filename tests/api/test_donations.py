"""Donations by the API: offered by anybody, followed by their donor, taken further by administrators, hidden from everybody else."""

import json
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Donor, Notice, OnceKey, User
from nodes.computer_numbers import written
from nodes.models import Computer, Donation, StateChange
from tests.api.program import Program

PC = {"kind": "desktop", "model": "Dell OptiPlex 7010", "cpu": "Core i5-3470", "ram_mb": 8192, "year": 2013}
OLD = {"kind": "desktop", "model": "Clone", "cpu": "Pentium 4", "ram_mb": 2048}
NOBODYS = written(10**9 - 1)
OFFER = {
    "name": "Lucía Paz",
    "email": "lucia@example.org",
    "organisation": "Colegio Mejía",
    "handover": "bring",
    "message": "From Monday on.",
}


@pytest.fixture
def office(admin: User) -> Program:
    return Program(admin)


@pytest.fixture
def theirs(student: User) -> Program:
    """A person with a proven address who gives."""
    student.email = "lucia@example.org"
    student.save()
    EmailAddress.objects.filter(user=student).update(email=student.email)
    return Program(student)


def offer(*computers: Any, program: Program | None = None, **changes: Any) -> Any:
    sent = {**OFFER, "computers": list(computers or [PC, OLD]), **changes}
    if program:
        return program.ask("POST", "donations/", sent)
    return Client().post("/api/v1/donations/", json.dumps(sent), content_type="application/json")


@pytest.fixture
def given(theirs: Program) -> str:
    """The number of a donation of one computer."""
    reply = offer(PC, program=theirs)
    assert reply.status_code == 201, reply.content
    return str(reply.json()["number"])


def step(office: Program, number: str, name: str, **more: Any) -> Any:
    return office.ask("POST", f"donations/{number}/steps/", {"step": name, **more})


# ---- offering ----


def test_without_an_account_computers_are_offered_and_one_too_small_is_declined_with_the_reason(db: None) -> None:
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


def test_a_stranger_who_types_a_donors_address_changes_and_learns_nothing(given: str) -> None:
    reply = offer(PC, name="Somebody", organisation="Elsewhere")
    assert set(reply.json()) == {"number", "state", "computers"}
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
        ({"computers": [{**PC, "ram_mb": True}]}, ["computers.0.ram_mb"]),
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
        "These are many offers at o",
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


# ---- seeing ----


def test_its_donor_and_administrators_see_it_and_nobody_else_does(
    given: str, theirs: Program, office: Program, stranger: Any, teacher: User
) -> None:
    for program, count in ((theirs, 1), (office, 1), (stranger, 0), (Program(teacher), 0)):
        assert len(program.ask("GET", "donations/").json()) == count
        assert len(program.ask("GET", "computers/").json()) == count
        assert program.ask("GET", f"donations/{given}/").status_code == (200 if count else 404)


def test_what_one_shows(given: str, theirs: Program) -> None:
    shown = theirs.ask("GET", f"donations/{given.lower()}/").json()
    computer = Computer.objects.get()
    assert (shown["number"], shown["state"], shown["handover"], shown["message"]) == (
        given,
        "open",
        "bring",
        "From Monday on.",
    )
    assert (shown["to_confirm"], shown["confirmed"], shown["confirmed_at"], shown["confirm_note"]) == (
        False,
        "",
        None,
        "",
    )
    [told] = shown["computers"]
    facts = {
        name: told[name]
        for name in (
            "number",
            "donation",
            "kind",
            "model",
            "state",
            "kg",
            "why",
            "reason",
            "cpu",
            "ram_mb",
            "bits",
            "used_for",
        )
    }
    assert facts == {
        "number": computer.number, "donation": given, "kind": "desktop", "model": "Dell OptiPlex 7010", "state": "offered", "kg": None, "why": "",
        "reason": "", "cpu": "Core i5-3470", "ram_mb": 8192, "bits": None, "used_for": "",
    }  # fmt: skip
    [event] = shown["events"]
    assert (event["computer"], event["from_state"], event["to_state"], event["undoes"]) == (
        computer.number,
        "",
        "offered",
        False,
    )


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


# ---- steps ----


def test_a_computer_is_taken_through_its_whole_life(given: str, theirs: Program, office: Program) -> None:
    seen = []
    for name in ("accept", "receive", "wipe", "test", "put_in_service", "retire", "recycle"):
        reply = step(office, given, name)
        assert reply.status_code == 200, reply.content
        seen.append((reply.json()["state"], reply.json()["computers"][0]["state"]))
    assert seen == [
        ("open", "accepted"), ("received", "received"), ("received", "wiped"), ("received", "tested"), ("in_service", "in_service"),
        ("done", "retired"), ("done", "recycled"),
    ]  # fmt: skip
    assert len(theirs.ask("GET", f"donations/{given}/").json()["events"]) == 8


def test_what_was_declined_is_left_out_unless_it_is_named(office: Program) -> None:
    number = offer().json()["number"]
    assert [each["state"] for each in step(office, number, "accept").json()["computers"]] == ["accepted", "declined"]
    assert [each["state"] for each in step(office, number, "receive", kg=8.4).json()["computers"]] == [
        "received",
        "declined",
    ]
    second = Computer.objects.last()
    assert second
    reply = step(office, number, "accept", computer=second.number)
    assert ([each["state"] for each in reply.json()["computers"]], reply.json()["state"]) == (
        ["received", "accepted"],
        "open",
    )


def test_its_weight(given: str, office: Program) -> None:
    step(office, given, "accept")
    assert step(office, given, "receive", kg="8.4").json()["computers"][0]["kg"] == 8.4
    assert Computer.objects.get().grams == 8400
    assert office.ask("GET", "computers/").json()[0]["kg"] == 8.4


def test_its_parts_go_to_another(office: Program) -> None:
    number = offer(PC, PC).json()["number"]
    for name in ("accept", "receive"):
        step(office, number, name)
    first, second = Computer.objects.all()
    sent = {"computer": second.number, "used_for": first.number.lower().replace("-", " ")}
    assert step(office, number, "use_for_parts", **sent).json()["computers"][1]["used_for"] == first.number
    itself = step(office, number, "use_for_parts", computer=first.number, used_for=first.number)
    assert (itself.status_code, itself.json()["errors"][0]["field"]) == (400, "used_for")


@pytest.mark.parametrize(
    ("sent", "field", "said"),
    [
        ({}, "step", ""), ({"step": "melt"}, "step", "melt"), ({"step": ["accept"]}, "step", ""), ({"step": "accept", "kg": 5}, "kg", "“receive” only"),
        ({"step": "accept", "reason": "enough"}, "reason", "“decline” only"), ({"step": "decline"}, "reason", "Say why"),
        ({"step": "decline", "reason": "ugly"}, "reason", "ugly"), ({"step": "accept", "used_for": NOBODYS}, "used_for", "“use_for_parts” only"),
        ({"step": "accept", "note": "x" * 501}, "note", ""), ({"step": "accept", "note": "\0"}, "note", ""), ({"step": "accept", "note": 5}, "note", ""),
        ({"step": "receive", "kg": -1}, "kg", ""), ({"step": "receive", "kg": 1000}, "kg", ""), ({"step": "receive", "kg": "NaN"}, "kg", ""),
        ({"step": "receive", "kg": 1e300}, "kg", ""), ({"step": "receive", "kg": True}, "kg", ""), ({"step": "receive", "kg": "heavy"}, "kg", ""),
        ({"step": "accept", "computer": "MNG-00127-5"}, "computer", "The last digit does not fit."),
        ({"step": "accept", "computer": NOBODYS}, "computer", "No computer of this donation"),
        ({"step": "accept", "computer": "x"}, "computer", "looks like this"), ({"step": "accept", "computer": "9" * 41}, "computer", ""),
        ({"step": "use_for_parts", "used_for": "MNG-00127-5"}, "used_for", "The last digit does not fit."),
        ({"step": "use_for_parts", "used_for": NOBODYS}, "used_for", "No computer has this number."),
    ],
)  # fmt: skip
def test_a_step_that_is_wrong_is_said_at_its_field(
    given: str, office: Program, sent: dict[str, Any], field: str, said: str
) -> None:
    reply = office.ask("POST", f"donations/{given}/steps/", sent)
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid"), reply.content
    [error] = reply.json()["errors"]
    assert (error["field"], said in error["detail"]) == (field, True), error
    assert StateChange.objects.count() == 1


def test_another_donations_computer_is_not_moved(given: str, office: Program) -> None:
    offer(PC, email="ana@example.org")
    other = Computer.objects.last()
    assert other
    assert step(office, given, "accept", computer=other.number).json()["errors"][0]["field"] == "computer"
    assert set(Computer.objects.values_list("state", flat=True)) == {"offered"}


def test_a_step_out_of_order_is_refused_with_its_code_and_moves_nothing(office: Program) -> None:
    number = offer(PC, PC).json()["number"]
    first = Computer.objects.all()[0]
    step(office, number, "accept", computer=first.number)
    reply = step(office, number, "receive")  # the second was not accepted
    assert (reply.status_code, reply.json()["code"]) == (409, "out_of_order")
    assert "is “Offered” by now" in reply.json()["detail"]
    assert list(Computer.objects.values_list("state", flat=True)) == ["accepted", "offered"]


def test_a_step_that_is_sent_twice_is_carried_out_once(given: str, office: Program) -> None:
    sent = {"step": "accept"}
    replies = [office.ask("POST", f"donations/{given}/steps/", sent, **{"Idempotency-Key": "k"}) for _twice in range(2)]
    assert ([reply.status_code for reply in replies], StateChange.objects.count()) == ([200, 200], 2)
    without = office.ask("POST", f"donations/{given}/steps/", sent)
    assert (without.status_code, without.json()["code"]) == (409, "out_of_order")


def test_the_donor_takes_no_step(given: str, theirs: Program, stranger: Any) -> None:
    assert step(theirs, given, "accept").status_code == 403
    assert step(stranger, given, "accept").status_code == 404
    batch = StateChange.objects.get().batch
    assert theirs.ask("DELETE", f"donations/{given}/steps/{batch}/").status_code == 403
    assert stranger.ask("DELETE", f"donations/{given}/steps/{batch}/").status_code == 404


# ---- undo ----


def test_a_step_is_taken_back_within_ten_minutes(given: str, theirs: Program, office: Program) -> None:
    batch = step(office, given, "accept").json()["events"][0]["batch"]
    reply = office.ask("DELETE", f"donations/{given}/steps/{batch}/")
    assert (reply.status_code, reply.json()["computers"][0]["state"]) == (200, "offered")
    assert [each["undoes"] for each in reply.json()["events"]] == [True, False, False]
    twice = office.ask("DELETE", f"donations/{given}/steps/{batch}/")
    assert (twice.status_code, twice.json()["code"]) == (409, "not_undoable")


def test_after_ten_minutes_it_stays(given: str, office: Program) -> None:
    batch = step(office, given, "accept").json()["events"][0]["batch"]
    StateChange.objects.update(at=timezone.now() - timedelta(minutes=10))
    reply = office.ask("DELETE", f"donations/{given}/steps/{batch}/")
    assert (reply.status_code, reply.json()["code"], "10 minutes" in reply.json()["detail"]) == (
        409,
        "not_undoable",
        True,
    )


def test_an_offer_is_no_step(given: str, office: Program) -> None:
    reply = office.ask("DELETE", f"donations/{given}/steps/{StateChange.objects.get().batch}/")
    assert (reply.status_code, reply.json()["code"]) == (409, "not_undoable")


def test_a_step_of_another_donation_is_not_found(given: str, office: Program) -> None:
    other = offer(PC, email="ana@example.org").json()["number"]
    batch = step(office, other, "accept").json()["events"][0]["batch"]
    assert office.ask("DELETE", f"donations/{given}/steps/{batch}/").status_code == 404
    assert office.ask("DELETE", f"donations/{given}/steps/6f1c6f1c-0000-4000-8000-000000000000/").status_code == 404
    assert office.ask("DELETE", f"donations/{given}/steps/x/").status_code == 404


# ---- the list of what was received ----


def test_the_donor_confirms_what_was_received_and_may_change_their_mind(
    given: str, theirs: Program, office: Program
) -> None:
    for name in ("accept", "receive"):
        step(office, given, name)
    assert theirs.ask("GET", f"donations/{given}/").json()["to_confirm"] is True
    for sent, said in (
        ({"right": False, "note": "A mouse lacks."}, ("no", "A mouse lacks.")),
        ({"right": True}, ("yes", "")),
    ):
        body = theirs.ask("POST", f"donations/{given}/confirm/", sent).json()
        assert (body["confirmed"], body["confirm_note"]) == said
    assert body["confirmed_at"]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "right"),
        ({"right": "perhaps"}, "right"),
        ({"right": None}, "right"),
        ({"right": False}, "note"),
        ({"right": False, "note": "x" * 501}, "note"),
    ],
)
def test_an_answer_that_lacks_something(
    given: str, theirs: Program, office: Program, sent: dict[str, Any], field: str
) -> None:
    for name in ("accept", "receive"):
        step(office, given, name)
    reply = theirs.ask("POST", f"donations/{given}/confirm/", sent)
    assert (reply.status_code, [error["field"] for error in reply.json()["errors"]]) == (400, [field])
    assert Donation.objects.get().confirmed == ""


def test_there_is_nothing_to_confirm_while_something_is_awaited(given: str, theirs: Program, office: Program) -> None:
    for name in ("accept", None):
        reply = theirs.ask("POST", f"donations/{given}/confirm/", {"right": True})
        assert (reply.status_code, reply.json()["code"]) == (409, "nothing_to_confirm")
        if name:
            step(office, given, name)


def test_nobody_confirms_for_the_donor(given: str, office: Program, stranger: Any) -> None:
    for name in ("accept", "receive"):
        step(office, given, name)
    reply = office.ask("POST", f"donations/{given}/confirm/", {"right": True})
    assert (reply.status_code, reply.json()["code"]) == (403, "not_yours")
    assert stranger.ask("POST", f"donations/{given}/confirm/", {"right": True}).status_code == 404
    assert (Donation.objects.get().confirmed, Donor.objects.get().user) == ("", User.objects.get(username="student"))
