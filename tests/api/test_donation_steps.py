"""Steps of donations by the API, taking them back, and the donor's answer about the list of what was received."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Donor, User
from nodes.models import Computer, Donation, StateChange
from tests.api.giving import NOBODYS, PC, offer, step
from tests.api.program import Program

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


def test_that_it_has_no_disk(given: str, office: Program) -> None:
    for name, sent in (
        ("accept", {"disks": "no_disk"}),
        ("accept", {}),
        ("receive", {}),
        ("wipe", {"disks": "no_disk"}),
    ):
        status = step(office, given, name, **sent).status_code
        assert status == (400 if (name, sent) == ("accept", {"disks": "no_disk"}) else 200)
    assert Computer.objects.get().changes.latest("pk").disks == "no_disk"


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
        ({"step": "receive", "kg": "6_4"}, "kg", ""), ({"step": "receive", "kg": "٣"}, "kg", ""),
        ({"step": "accept", "computer": "MNG-00127-5"}, "computer", "The last digit does not fit: check"),
        ({"step": "accept", "computer": NOBODYS}, "computer", "No computer of this donation"),
        ({"step": "accept", "computer": "x"}, "computer", "looks like this"), ({"step": "accept", "computer": "9" * 41}, "computer", ""),
        ({"step": "use_for_parts", "used_for": "MNG-00127-5"}, "used_for", "The last digit does not fit: check"),
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
