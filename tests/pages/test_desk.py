"""The desk: given computers found by number, words and state, what their pages tell, and who sees them."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Donor, User
from nodes import actions, computer_numbers
from nodes.models import Computer
from tests.nodes.donated import donor_of, make_computer, offered
from tests.pages.desk_pages import LIST, page_of, press, text
from tests.pages.desk_pages import colleague as colleague
from tests.pages.desk_pages import office as office

# ---- the list ----


def test_the_empty_list_says_what_comes_there(office: Client) -> None:
    assert "Nobody has offered a computer yet" in text(office.get(LIST))


@pytest.mark.parametrize("typed", ["{0}", "mng {1}-{2}", "{1}{2}", "{3}{2}", " {1} {2} "])
def test_a_number_leads_straight_to_its_computer(typed: str, office: Client) -> None:
    number = make_computer().number
    _letters, serial, digit = number.split("-")
    reply = office.get(LIST, {"q": typed.format(number, serial, digit, serial.lstrip("0"))})
    assert (reply.status_code, reply["Location"]) == (302, page_of(Computer.objects.get()))


def test_the_number_of_an_offer_leads_to_it(office: Client) -> None:
    donation = offered("one")
    assert office.get(LIST, {"q": donation.number.lower()})["Location"] == f"/manage/donations/{donation.pk}/"
    reply = office.get(LIST, {"q": "MNG-D-9876"})
    assert (reply.status_code, "There is no offer with this number." in text(reply)) == (400, True)


def test_a_wrong_check_digit_is_told_at_the_field(office: Client) -> None:
    right = make_computer().number
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
    reply = office.get(LIST, {"q": wrong})
    assert (reply.status_code, "The last digit does not fit" in text(reply)) == (400, True)
    assert 'aria-invalid="true"' in reply.content.decode()
    reply = office.get(LIST, {"q": computer_numbers.written(987654)})
    assert (reply.status_code, "There is no computer with this number." in text(reply)) == (400, True)


def test_the_digits_of_a_model_are_no_mistyped_number(office: Client) -> None:
    computer = make_computer(model="Dell OptiPlex 780")
    reply = office.get(LIST, {"q": "780"})
    assert (reply.status_code, computer.number in text(reply)) == (200, True)


@pytest.mark.parametrize("q", ["optiplex", "lucia", "MEJIA", "paz 780", "lucia@example.org"])
def test_it_is_found_by_model_donor_and_organisation(q: str, office: Client) -> None:
    computer = make_computer(model="Dell OptiPlex 780")
    other = make_computer(model="HP 6000", donor=donor_of("c@example.org", name="Carlos", organisation=""))
    shown = text(office.get(LIST, {"q": q}))
    assert (computer.number in shown, other.number in shown) == (True, False)


def test_what_matches_nothing_says_so(office: Client) -> None:
    make_computer()
    assert "Nothing was found for “zebra”." in text(office.get(LIST, {"q": "zebra"}))
    assert "Nothing was found with these filters." in text(office.get(LIST, {"state": "lost"}))
    assert office.get(LIST, {"state": "nonsense"}).status_code == 400


def test_states_are_counted_and_who_waits_longest_comes_first(office: Client) -> None:
    new, old = make_computer("received"), make_computer("received")
    make_computer("in_service")
    Computer.objects.filter(pk=old.pk).update(state_since=timezone.now() - timedelta(days=2))
    reply = office.get(LIST, {"state": "received"})
    shown = text(reply)
    assert "All 3" in shown
    assert "To wipe 2" in shown
    assert "In service (1)" in shown
    assert shown.index(old.number) < shown.index(new.number)


def test_pages_of_25_and_no_more_queries_for_more_computers(office: Client) -> None:
    make_computer()
    office.get(LIST)
    with CaptureQueriesContext(connection) as few:
        office.get(LIST)
    for n in range(30):
        make_computer(donor=donor_of(f"d{n}@example.org"))
    with CaptureQueriesContext(connection) as many:
        shown = text(office.get(LIST))
    assert len(many) == len(few)
    assert (shown.count("MNG-"), "Page 1 of 2" in shown) == (2 * 25, True)  # each once more for its tick


# ---- what a page tells ----


def test_the_donor_and_their_other_computers_are_there(office: Client, student: User) -> None:
    donor = donor_of(user=student)
    computer, other = (make_computer(donor=donor) for _n in range(2))
    stranger = make_computer(donor=donor_of("c@example.org", name="Carlos", organisation=""))
    shown = text(office.get(page_of(computer)))
    for words in ("Lucía Paz", "Colegio Mejía", "lucia@example.org not verified", student.shown_name, other.number):
        assert words in shown
    assert stranger.number not in shown
    Donor.objects.filter(pk=donor.pk).update(verified_at=timezone.now())
    assert "lucia@example.org verified" in text(office.get(page_of(computer)))


def test_a_doubt_is_told_before_somebody_decides(office: Client) -> None:
    computer = make_computer(ram_mb=256)
    assert "It has too little memory." in text(office.get(page_of(computer)))
    assert "it cannot carry machines" not in text(office.get(page_of(make_computer())))


def test_it_speaks_spanish(office: Client) -> None:
    computer = make_computer("received", grams=8400)
    shown = text(office.get(page_of(computer), headers={"Accept-Language": "es"}))
    for words in ("Recibida", "Anotar el borrado", "64 bits", "8,4 kg", "Qué pasó"):
        assert words in shown


def test_what_was_declined_by_the_form_says_so(office: Client) -> None:
    offered = actions.Offered(kind="desktop", cpu="Pentium 4", bits=32)
    donation = actions.offer(donor=donor_of(), computers=[offered], handover="bring")
    shown = text(office.get(page_of(donation.computers.get())))
    assert "It is a 32-bit computer." in shown
    assert "the form, as less than the minimum" in shown
    assert "Accept it after all" in shown


def test_a_page_costs_as_many_queries_with_more_of_everything(office: Client, admin: User) -> None:
    computer = make_computer("received")
    press(office, computer, "wipe")
    office.get(page_of(computer))
    make_computer(donor=computer.donation.donor)
    with CaptureQueriesContext(connection) as few:
        office.get(page_of(computer))
    for _n in range(15):
        make_computer(donor=computer.donation.donor)
        Computer.objects.filter(pk=make_computer().pk).update(state="parts", used_for=computer)
        actions.step(computers=[computer], name="wait_for_parts", by=admin)
        actions.step(computers=[computer], name="wipe", by=admin)
    with CaptureQueriesContext(connection) as many:
        office.get(page_of(computer))
    assert len(many) == len(few)


def test_words_of_a_donor_are_text(office: Client) -> None:
    donor = donor_of(name="<script>x</script>", organisation="<b>y</b>")
    donation = offered("<i>z</i>", donor=donor, message="<script>m</script>")
    for url in (LIST, page_of(donation.computers.get()), f"/manage/donations/{donation.pk}/"):
        page = office.get(url).content.decode()
        assert not re.search(r"<script>[xm]|<b>y|<i>z", page)


# ---- who sees them ----


@pytest.mark.parametrize("url", [LIST, f"{LIST}987/", f"{LIST}987/facts/", "/manage/donations/987/"])
def test_what_is_not_there_is_not_found_and_others_see_none_of_it(url: str, office: Client, donor: User) -> None:
    assert office.get(url).status_code == (200 if url == LIST else 404)
    stranger = Client()
    stranger.force_login(donor)
    assert stranger.get(url).status_code == 403


def test_the_dashboard_tells_of_offers_that_wait(office: Client) -> None:
    offered("one", "two")
    page = office.get("/manage/").content.decode()
    assert "2 computers are offered, and wait for a decision." in page
    assert 'href="/manage/computers/?state=offered"' in page
