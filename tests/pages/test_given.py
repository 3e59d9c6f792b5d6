"""The page of what somebody gave, by the link from a mail: their own computers, and nobody's notes."""

from typing import Any

import pytest
from django.test import Client

from accounts.donors import donor_links
from accounts.models import Donor, User
from nodes import actions
from nodes.models import Donation
from portal.presenters.given_computers import ShownDonation, given
from tests.nodes.donated import OLD, PC, donor_of, offered, stepped

pytestmark = pytest.mark.django_db


@pytest.fixture
def donation() -> Donation:
    return offered(PC, OLD)


def link(donation: Donation) -> str:
    """Return the address of the donor's page. Made anew a second later, it is another."""
    return f"/given/{donor_links.token(donation.donor)}/"


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def received(donation: Donation, admin: User) -> Donation:
    stepped(donation.computers.all()[0], "accept", "receive", by=admin, grams=8200)
    return donation


def say(client: Client, path: str, donation: Donation, answer: str, note: str = "") -> Any:
    return client.post(path, {"donation": str(donation.pk), "answer": answer, "note": note})


# ---- the page ----


def test_it_shows_each_computer_its_way_and_why_not(client: Client, donation: Donation) -> None:
    response = client.get(link(donation))
    page = text(response)
    good, old = donation.computers.all()
    for words in (
        donation.number,
        good.number,
        "Dell OptiPlex 780",
        "Lucía Paz",
        old.number,
        "It is a 32-bit computer. It has too little memory. It can still help",
    ):
        assert words in page
    assert page.count('class="stepper"') == 1
    assert '<li aria-current="step"> <b>Offered</b>' in page
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in response["Cache-Control"] or "no-cache" in response["Cache-Control"]


def test_who_has_no_account_reads_that_they_need_none_and_where_to_ask(
    client: Client, donation: Donation, settings: Any
) -> None:
    settings.DONATIONS_EMAIL = "give@example.org"
    page = text(client.get(link(donation)))
    assert "You need no account to follow it: this link is enough." in page
    assert 'href="mailto:give@example.org"' in page
    settings.SIGN_UP_DOMAINS = ["example.org"]
    assert "this link is enough" not in text(client.get(link(donation)))


@pytest.mark.parametrize(
    ("handover", "state", "reads"),
    [("bring", "accepted", True), ("fetch", "accepted", False), ("bring", "offered", False)],
)
def test_who_is_to_bring_it_reads_where_and_when(
    client: Client, donation: Donation, settings: Any, handover: str, state: str, reads: bool
) -> None:
    settings.DONATIONS_PLACE = "Building 12, weekdays"
    Donation.objects.update(handover=handover)
    donation.computers.exclude(state="declined").update(state=state)
    assert ("Building 12, weekdays" in text(client.get(link(donation)))) == reads


def test_who_signed_in_to_add_it_finds_the_button_first(client: Client, donation: Donation, student: User) -> None:
    for person, is_first in ((None, False), (student, True)):
        if person:
            client.force_login(person)
        page = text(client.get(link(donation)))
        assert (page.index('id="account"') < page.index(donation.number)) == is_first


def test_what_is_alike_is_one_card_with_the_numbers_folded(client: Client, admin: User) -> None:
    donation = offered(*[PC] * 4, OLD)
    first, second, third, other, _old = donation.computers.all()
    for each in (first, second, third):
        stepped(each, "accept", "receive", by=admin, grams=8000)
    page = text(client.get(link(donation)))
    assert page.count('class="panel" aria-labelledby="computer-') == 3
    assert '3 × Dell OptiPlex 780</h3> <span class="pill tone-asleep">Received</span>' in page
    for words in (f"{first.number} to {third.number}", "The 3 numbers", second.number, "24 kg together", other.number):
        assert words in page


def test_what_happened_to_some_of_those_that_are_alike_tells_to_how_many(
    client: Client, donation: Donation, admin: User
) -> None:
    donation = offered(PC, PC, donor=donation.donor)
    first, second = donation.computers.all()
    stepped(first, "accept", "receive", "wipe", by=admin)
    stepped(second, "accept", "receive", "wait_for_parts", "wipe", by=admin)
    [shown] = ShownDonation(given(Donation.objects.filter(pk=donation.pk)).get()).groups
    counts = {label: count for _tone, label, _reason, _at, count in shown.happened}
    assert counts == {"Wiped": 0, "Waiting for parts": 1, "Received": 0, "Accepted": 0, "Offered": 0}


def test_the_way_shows_where_it_was_and_what_lies_ahead(client: Client, donation: Donation, admin: User) -> None:
    stepped(donation.computers.all()[0], "accept", "receive", "wipe", by=admin, grams=8200)
    page = text(client.get(link(donation)))
    for label in ("Offered", "Accepted", "Received"):
        assert f'<li class="done"> <b>{label}</b> <span>' in page
    assert '<li aria-current="step"> <b>Wiped</b>' in page
    assert "<li > <b>Tested</b> </li>" in page
    assert "8.2 kg" in page


def test_a_computer_beside_the_way_keeps_what_it_passed(client: Client, donation: Donation, admin: User) -> None:
    stepped(donation.computers.all()[0], "accept", "receive", "wait_for_parts", by=admin)
    page = text(client.get(link(donation)))
    assert '<span class="pill tone-busy">Waiting for parts</span>' in page
    assert '<li class="done"> <b>Received</b>' in page
    assert "<li > <b>Wiped</b> </li>" in page


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (["accept"], "Please bring it"),
        (["accept", "receive", "wipe", "test", "put_in_service"], "It carries machines of students"),
        (["accept", "receive", "lose"], "it was not there"),
        (["accept", "receive", "use_for_parts"], "Its parts keep others going"),
        (["accept", "receive", "wipe", "test", "retire"], "It no longer carries machines"),
        (["accept", "receive", "recycle"], "those who recycle computers"),
        (["decline"], "There is no place for more computers just now."),
    ],
)
def test_each_state_is_said_in_a_sentence(
    client: Client, donation: Donation, admin: User, steps: list[str], words: str
) -> None:
    stepped(donation.computers.all()[0], *steps, by=admin)
    assert words in text(client.get(link(donation)))


def test_what_staff_write_and_take_back_is_not_shown(client: Client, donation: Donation, admin: User) -> None:
    computer = donation.computers.all()[0]
    actions.step(computers=[computer], name="accept", by=admin, note="smells of smoke")
    batch = actions.step(computers=[computer], name="decline", by=admin, reason="enough")
    actions.undo(batch=batch, by=admin)
    page = text(client.get(link(donation)))
    assert "smells of smoke" not in page
    assert admin.username not in page
    assert "no place for more" not in page
    assert page.count("Accepted<br>") == 1
    assert '<li aria-current="step"> <b>Accepted</b>' in page


def test_nobody_else_s_computers_are_there(client: Client, donation: Donation) -> None:
    other = offered(donor=donor_of("other@example.org", name="Other Person"))
    page = text(client.get(link(donation)))
    assert other.number not in page
    assert "Other Person" not in page


def test_more_computers_cost_no_more_queries(
    client: Client, donation: Donation, django_assert_max_num_queries: Any
) -> None:
    for _n in range(3):
        offered(*[PC] * 10, donor=donation.donor)
    with django_assert_max_num_queries(14):
        client.get(link(donation))


# ---- the list is confirmed ----


def test_what_waits_for_them_is_first(client: Client, donation: Donation, admin: User) -> None:
    assert "Is this what you gave?" not in text(client.get(link(donation)))
    page = text(client.get(link(received(donation, admin))))
    assert page.index("Is this what you gave?") < page.index('class="stepper"')


def test_the_list_is_confirmed_and_the_address_is_verified(client: Client, donation: Donation, admin: User) -> None:
    received(donation, admin)
    here = link(donation)
    answer = say(client, here, donation, "yes")
    assert (answer.status_code, answer["Location"]) == (302, here)
    donation.refresh_from_db()
    assert donation.confirmed == "yes"
    assert Donor.objects.get().verified_at is not None
    assert "Is this what you gave?" not in text(client.get(link(donation)))


def test_something_is_missing(client: Client, donation: Donation, admin: User) -> None:
    received(donation, admin)
    answer = say(client, link(donation), donation, "no")
    assert answer.status_code == 400
    assert "Say what is missing or too much." in text(answer)
    assert "autofocus" in text(answer)
    assert say(client, link(donation), donation, "no", "The cable <b>").status_code == 302
    donation.refresh_from_db()
    assert (donation.confirmed, donation.confirm_note) == ("no", "The cable <b>")
    assert "The cable &lt;b&gt;" in text(client.get(link(donation)))
    assert say(client, link(donation), donation, "yes").status_code == 302


def test_before_it_is_here_there_is_nothing_to_confirm(client: Client, donation: Donation) -> None:
    answer = say(client, link(donation), donation, "yes")
    assert answer.status_code == 409
    assert "There is no list to confirm yet" in text(answer)
    donation.refresh_from_db()
    assert donation.confirmed == ""


@pytest.mark.parametrize(
    "typed", [{"answer": "maybe"}, {"answer": "no", "note": "a\x00b"}, {"answer": "no", "note": "a" * 501}, {}]
)
def test_an_odd_answer_is_refused(client: Client, donation: Donation, admin: User, typed: dict[str, str]) -> None:
    received(donation, admin)
    assert client.post(link(donation), {"donation": str(donation.pk), **typed}).status_code == 400


@pytest.mark.parametrize("which", ["", "x", "0", "9" * 30, "²"])
def test_another_donation_is_not_found(client: Client, donation: Donation, which: str) -> None:
    other = offered(donor=donor_of("other@example.org"))
    assert client.post(link(donation), {"donation": which or str(other.pk), "answer": "yes"}).status_code == 404
