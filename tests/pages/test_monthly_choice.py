"""The choice whether a mail comes about each month: on the donor's page by the link, and in an account."""

import pytest
from django.test import Client

from accounts.donors import donor_links, donor_rows
from accounts.models import Donor, Unsubscribed, User
from nodes.models import Computer
from nodes.months import month_mails
from portal.presenters.donor_data import kept
from tests.nodes.donated import donor_of, make_computer
from tests.pages.plain_text import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def pc() -> Computer:
    return make_computer("in_service", donor=donor_of())


def link_of(pc: Computer) -> str:
    return f"/given/{donor_links.token(pc.donation.donor)}/"


def test_by_the_link_it_is_switched_off_and_on_again(client: Client, pc: Computer) -> None:
    here = link_of(pc)
    for choice, wanted in (("off", False), ("on", True)):
        assert client.post(here, {"monthly": choice}).status_code == 302
        assert month_mails.are_wanted(Donor.objects.get()) == wanted


def test_the_page_says_what_was_chosen(client: Client, pc: Computer) -> None:
    here = link_of(pc)
    assert "you get a mail of one paragraph" in text(client.get(here))
    client.post(here, {"monthly": "off"})
    page = text(client.get(here))
    assert "You chose to get no mails" in page
    assert "Get them again" in page


def test_whoever_has_the_link_does_not_choose_for_an_account(client: Client, pc: Computer, student: User) -> None:
    here = link_of(pc)
    donor_rows.tie(donor=pc.donation.donor, user=student)
    client.post(here, {"monthly": "off"})
    assert "One mail a month" not in text(client.get(here))
    assert not Unsubscribed.objects.exists()


def test_in_an_account_it_is_switched_off_and_on_again(client: Client, donor: User) -> None:
    make_computer("in_service", donor=donor_of(user=donor))
    client.force_login(donor)
    for choice, said in (("off", "You chose to get no mails"), ("on", "you get a mail of one paragraph")):
        assert said in text(client.post("/donating/monthly/", {"monthly": choice}, follow=True))


def test_who_gave_nothing_has_nothing_to_choose(client: Client, student: User) -> None:
    client.force_login(student)
    assert "One mail a month" not in text(client.post("/donating/monthly/", {"monthly": "off"}, follow=True))
    assert not Unsubscribed.objects.exists()


def test_their_data_have_the_choice(pc: Computer) -> None:
    month_mails.choose(pc.donation.donor, wants=False)
    assert '"mails_ended": [\n{"kind": "donation.month"' in "".join(kept(pc.donation.donor))
