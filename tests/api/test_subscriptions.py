"""Subscriptions by the API: one's own, given away, claimed, renewed."""

from typing import Any

import pytest

from accounts.models import AuditRow, Subscription, User
from nodes.models import Plan
from tests.api.giving import OLD, PC, offer
from tests.api.program import Program
from tests.nodes.subscribed import AMOUNTS, make_plan, running


@pytest.fixture
def other(student2: User) -> Program:
    return Program(student2)


def test_one_reads_ones_own_with_what_it_gives(theirs: Program, other: Program) -> None:
    running(theirs.user)
    [row] = theirs.ask("GET", "subscriptions/").json()
    expected = {"plan": "One machine", "state": "active", "holder": "student", "days_left": 99, "allowance": AMOUNTS}
    assert {key: row[key] for key in expected} == expected
    assert (row["used"]["machines"], row["computers"], row["codes"]) == (0, [], [])
    assert other.ask("GET", "subscriptions/").json() == []


def test_staff_read_all_by_state(theirs: Program, office: Program) -> None:
    running(theirs.user)
    for state, count in [("active,promised", 1), ("ending", 0)]:
        assert len(office.ask("GET", f"subscriptions/?state={state}").json()) == count
    assert office.ask("GET", "subscriptions/?state=x").status_code == 400


def test_a_code_moves_days_to_who_uses_it(theirs: Program, other: Program) -> None:
    row = running(theirs.user)
    given = theirs.ask("POST", f"subscriptions/{row.pk}/transfer/", {"share": 0.5})
    assert (given.status_code, "no-store" in given.headers["Cache-Control"]) == (201, True)
    assert theirs.ask("GET", "subscriptions/").json()[0]["codes"][0]["days"] == given.json()["days"]
    for _twice in range(2):
        reply = other.ask("POST", "subscriptions/claim/", {"code": given.json()["code"]})
        assert (reply.status_code, reply.json()["was_own"]) == (200, False)
    [got] = other.ask("GET", "subscriptions/").json()
    assert got["allowance"] == AMOUNTS


def test_ones_own_code_is_withdrawn_and_the_answer_says_so(theirs: Program) -> None:
    row = running(theirs.user)
    code = theirs.ask("POST", f"subscriptions/{row.pk}/transfer/", {"share": 1}).json()["code"]
    reply = theirs.ask("POST", "subscriptions/claim/", {"code": code}).json()
    assert (reply["was_own"], reply["id"]) == (True, row.pk)


def test_codes_are_withdrawn_together(theirs: Program) -> None:
    row = running(theirs.user)
    for _code in range(2):
        theirs.ask("POST", f"subscriptions/{row.pk}/transfer/", {"share": 0.2})
    assert theirs.ask("DELETE", f"subscriptions/{row.pk}/transfer/").json()["codes"] == []
    assert Subscription.objects.get().days == 100
    assert theirs.ask("DELETE", f"subscriptions/{row.pk}/transfer/").json()["code"] == "code_not_open"


def test_nobody_gives_away_what_is_anothers(theirs: Program, other: Program, office: Program) -> None:
    row = running(theirs.user)
    answers = [each.ask("POST", f"subscriptions/{row.pk}/transfer/", {"share": 1}) for each in (other, office)]
    assert [reply.status_code for reply in answers] == [404, 403]


@pytest.mark.parametrize("share", [0, -1, 1.1, "x", None, "nan"])
def test_a_bad_share_is_told_at_its_field(theirs: Program, share: Any) -> None:
    row = running(theirs.user)
    reply = theirs.ask("POST", f"subscriptions/{row.pk}/transfer/", {"share": share})
    assert reply.status_code == 400
    assert [error["field"] for error in reply.json()["errors"]] == ["share"]


@pytest.mark.parametrize("header", [{}, {"Idempotency-Key": "mine"}])
def test_who_guesses_codes_has_to_wait(theirs: Program, header: dict[str, str]) -> None:
    seen = [
        theirs.ask("POST", "subscriptions/claim/", {"code": "BCDF-BCDF-BCDF"}, **header).status_code
        for _guess in range(11)
    ]
    assert (set(seen[:10]), seen[10]) == ({404}, 429)


def test_staff_renew_once_for_a_key(theirs: Program, office: Program) -> None:
    row = running(theirs.user)
    for _twice in range(2):
        sent = {"days": 30, "note": "thanks"}
        reply = office.ask("POST", f"subscriptions/{row.pk}/renew/", sent, **{"Idempotency-Key": "a"})
        assert reply.status_code == 200, reply.content
    assert Subscription.objects.get().days == 130
    assert AuditRow.objects.get(verb="renew_subscription").detail == {"days": 30, "note": "thanks"}
    assert theirs.ask("POST", f"subscriptions/{row.pk}/renew/", {"days": 1}).status_code == 403


def test_an_offer_is_answered_with_the_months_that_it_would_bring(theirs: Program) -> None:
    make_plan(730, min_ram_mb=8192)
    assert offer(PC, OLD, program=theirs).json()["months"] == 24
    assert offer(OLD, program=theirs).json()["months"] == 0
    Plan.objects.update(enabled=False)
    assert offer(PC, program=theirs).json()["months"] == 0
