"""An offer at the desk: decided and received as a whole, in numbers, all or none."""

import re
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from nodes import actions
from nodes.models import Donation
from tests.nodes.donated import make_computer, offered, taken
from tests.nodes.wiping.wiped import certified
from tests.pages.desk_pages import colleague as colleague
from tests.pages.desk_pages import forms, fresh, text
from tests.pages.desk_pages import office as office


def offer_page(donation: Donation) -> str:
    return f"/manage/donations/{donation.pk}/"


def together(client: Client, donation: Donation, step: str) -> dict[str, Any]:
    """Return what the button of a step on the offer's page sends."""
    page = client.get(offer_page(donation)).content.decode()
    form = next(
        form for form in re.findall(r"<form.*?</form>", page, re.DOTALL) if f'name="step" value="{step}"' in form
    )
    named = re.findall(r'name="computer" value="(\d+)"', form)
    state = re.findall(r'name="from_state" value="(\w+)"', form)[0]
    answers = {"disks": "without"} if 'name="disks"' in form else {}
    return {"step": step, "from_state": state, "computer": named, **answers}


def test_an_offer_is_accepted_as_a_whole(office: Client) -> None:
    donation = offered("one", "two", "three", message="Second floor")
    shown = text(office.get(offer_page(donation)))
    for words in ("Offer of Lucía Paz", "Second floor", "The donor brings it.", "Accept all 3", "Not answered yet."):
        assert words in shown
    assert office.post(offer_page(donation), together(office, donation, "accept")).status_code == 302
    assert set(donation.computers.values_list("state", flat=True)) == {"accepted"}
    shown = office.get(offer_page(donation))
    assert "Accepted: 3 computers. The donor gets a mail in 10 minutes." in text(shown)
    assert "All 3 are here" in text(shown)
    bar = next(form for form in forms(shown) if "batch" in form)
    office.post(f"{offer_page(donation)}undo/", bar)
    assert set(donation.computers.values_list("state", flat=True)) == {"offered"}


def test_the_button_tells_how_many_it_is_about(office: Client, admin: User) -> None:
    donation = offered("one", "two", "three")
    actions.step(computers=[donation.computers.earliest("pk")], name="decline", by=admin, reason="enough")
    shown = text(office.get(offer_page(donation)))
    assert "Accept 2 of 3" in shown
    assert "Do not accept 2 of 3" in shown
    office.post(offer_page(donation), together(office, donation, "accept"))
    assert "2 of 3 are here" in text(office.get(offer_page(donation)))
    assert sorted(donation.computers.values_list("state", flat=True)) == ["accepted", "accepted", "declined"]


def test_one_reason_for_all_that_are_not_accepted(office: Client) -> None:
    donation = offered("one", "two")
    sent = together(office, donation, "decline")
    assert office.post(offer_page(donation), sent).status_code == 400
    office.post(offer_page(donation), {**sent, "reason": "enough"})
    assert set(donation.computers.values_list("state", "reason")) == {("declined", "enough")}


def test_if_one_changed_meanwhile_none_does(office: Client, colleague: User) -> None:
    donation = offered("one", "two")
    sent = together(office, donation, "accept")
    actions.step(computers=[donation.computers.earliest("pk")], name="accept", by=colleague)
    reply = office.post(offer_page(donation), sent)
    assert (reply.status_code, "Łukasz recorded it" in text(reply)) == (409, True)
    assert sorted(donation.computers.values_list("state", flat=True)) == ["accepted", "offered"]
    assert "Accept 1 of 2" in text(reply)


def test_computers_of_other_offers_are_not_moved_by_it(office: Client) -> None:
    donation, other = offered("one"), make_computer()
    for named in ([], [str(other.pk)], [str(donation.computers.get().pk), str(other.pk)], ["x"], ["²"], ["9" * 30]):
        reply = office.post(offer_page(donation), {"step": "accept", "from_state": "offered", "computer": named})
        assert reply.status_code == 400, named
    assert (fresh(other).state, donation.computers.get().state) == ("offered", "offered")


def test_an_offer_of_more_computers_costs_no_more_queries(office: Client, admin: User) -> None:
    counts = []
    for donation in (offered("one"), offered(*map(str, range(20)))):
        taken(donation, "accept", admin)
        office.get(offer_page(donation))
        with CaptureQueriesContext(connection) as queries:
            assert office.get(offer_page(donation)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_all_of_an_offer_go_to_service_by_one_button_after_another(office: Client) -> None:
    donation = offered("one", "two", "three")
    for step, label in (
        ("accept", "Accept all 3"), ("receive", "All 3 are here"), ("wipe", "Record the wipe of all 3"),
        ("test", "Record the test of all 3"), ("put_in_service", "Put all 3 into service"),
    ):  # fmt: skip
        assert label in text(office.get(offer_page(donation)))
        assert office.post(offer_page(donation), together(office, donation, step)).status_code == 302
    assert set(donation.computers.values_list("state", flat=True)) == {"in_service"}


def test_some_are_picked_and_the_others_stay(office: Client, admin: User) -> None:
    donation = offered("one", "two", "three")
    donation.computers.update(state="received")
    first, second, third = donation.computers.all()
    sent = {**together(office, donation, "wipe"), "only": "1", "picked": [str(first.pk), str(third.pk)]}
    assert office.post(offer_page(donation), sent).status_code == 302
    assert [fresh(each).state for each in (first, second, third)] == ["wiped", "received", "wiped"]
    shown = text(office.get(offer_page(donation)))
    assert "1 of 3" in shown
    assert "2 are in another state and stay as they are." in shown
    actions.undo(batch=first.changes.latest("pk").batch, by=admin)
    assert set(donation.computers.values_list("state", flat=True)) == {"received"}


def test_a_fault_keeps_what_was_picked(office: Client) -> None:
    donation = offered("one", "two")
    donation.computers.update(state="received")
    sent = {**together(office, donation, "wipe"), "only": "1"}
    assert "Pick at least one computer." in text(office.post(offer_page(donation), sent))
    picked = str(donation.computers.latest("pk").pk)
    reply = office.post(offer_page(donation), {**sent, "picked": picked, "note": "x" * 501})
    assert (reply.status_code, reply.content.decode().count(" checked")) == (400, 1)
    assert set(donation.computers.values_list("state", flat=True)) == {"received"}


def test_a_wipe_of_all_says_why_none_is_certified(office: Client) -> None:
    donation = offered("one", "two")
    donation.computers.update(state="received")
    sent = {**together(office, donation, "wipe"), "disks": ""}
    assert "Choose why there is no certificate" in text(office.post(offer_page(donation), sent))
    both = text(office.post(offer_page(donation), {**sent, "only": "1"}))
    assert ("Choose why there is no certificate" in both, "Pick at least one computer." in both) == (True, True)
    assert set(donation.computers.values_list("state", flat=True)) == {"received"}


def test_of_certified_ones_that_are_picked_nothing_is_asked(office: Client, admin: User) -> None:
    computer = certified(admin).computer
    sent = {**together(office, computer.donation, "wipe"), "only": "1", "picked": [str(computer.pk)]}
    assert office.post(offer_page(computer.donation), sent).status_code == 302
    assert fresh(computer).state == "wiped"


def test_only_computers_of_this_offer_are_picked(office: Client) -> None:
    donation, other = offered("one", "two"), make_computer("received")
    donation.computers.update(state="received")
    sent = {**together(office, donation, "wipe"), "only": "1"}
    for picked in ([str(other.pk)], ["x"], ["9" * 30]):
        assert office.post(offer_page(donation), {**sent, "picked": picked}).status_code == 400
    assert fresh(other).state == "received"


def test_what_the_donor_answered_is_there(office: Client) -> None:
    donation = offered("one")
    donation.computers.update(state="received")
    actions.confirm(donation=donation, is_right=False, note="The cable is missing.")
    shown = text(office.get(offer_page(donation)))
    assert "Something is missing, or too much" in shown
    assert "The cable is missing." in shown
    actions.confirm(donation=donation, is_right=True)
    assert "The list is right" in text(office.get(offer_page(donation)))


def test_the_address_above_the_offers_leads_to_the_computers(office: Client) -> None:
    assert office.get("/manage/donations/")["Location"] == "/manage/computers/"
