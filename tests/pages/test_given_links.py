"""Links to what somebody gave: how they end, how another one comes, and how an account takes their place."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import limits
from accounts.donors import donor_links, donor_rows
from accounts.models import Donor, Notice, User
from accounts.notices.mail import send_due
from nodes.models import Donation
from tests.nodes.donated import OLD, PC, donor_of, offered
from tests.pages.test_given import donation as donation
from tests.pages.test_given import link, received, say, text

pytestmark = pytest.mark.django_db


# ---- the link ----


def test_a_link_that_ended_offers_another(client: Client, donation: Donation) -> None:
    old = link(donation)
    donor_links.follow(donor_links.new_token(donation.donor))
    for bad in (old, "/given/x/", old[:-3] + "/"):
        answer = client.get(bad)
        assert answer.status_code == 404
        assert "Write your address below" in text(answer)
        assert donation.number not in text(answer)
    assert say(client, old, donation, "yes").status_code == 404


def test_it_lives_for_200_days(client: Client, donation: Donation, monkeypatch: pytest.MonkeyPatch) -> None:
    path = link(donation)
    monkeypatch.setattr(donor_links, "LIFE", timedelta(seconds=-1))
    assert client.get(path).status_code == 404


def test_an_erased_donor_has_no_link(client: Client, donation: Donation) -> None:
    path = link(donation)
    Donor.objects.update(erased_at=timezone.now())
    assert client.get(path).status_code == 404


def test_another_link_is_mailed_and_ends_the_others_once_it_is_opened(client: Client, donation: Donation) -> None:
    old = link(donation)
    answer = client.post("/given/again/", {"email": " LUCIA@example.org"}, follow=True)
    assert "a link is on its way there" in text(answer)
    send_due(timezone.now())
    found = re.search(r"/given/\S+", str(mail.outbox[-1].body))
    assert found
    client.head(found[0])  # a program that only looks whether it is there
    assert client.get(old).status_code == 200  # whoever typed the address ends nothing
    assert donation.number in text(client.get(found[0]))
    assert client.get(old).status_code == 404
    assert found[0] not in text(answer)


def test_an_address_that_is_not_known_gets_the_same_answer(client: Client, donation: Donation) -> None:
    known = text(client.post("/given/again/", {"email": "lucia@example.org"}, follow=True))
    before = Notice.objects.count()
    stranger = text(Client().post("/given/again/", {"email": "nobody@example.org"}, follow=True))
    assert Notice.objects.count() == before
    tokens = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')
    assert tokens.sub("", known) == tokens.sub("", stranger)


def test_links_are_mailed_a_few_times_only(client: Client, donation: Donation) -> None:
    for _n in range(limits.MAILS_TO_AN_ADDRESS):
        assert client.post("/given/again/", {"email": "lucia@example.org"}).status_code == 302
    answer = client.post("/given/again/", {"email": "lucia@example.org"})
    assert answer.status_code == 429
    assert "Too many mails" in text(answer)
    assert answer["Retry-After"]


@pytest.mark.parametrize("address", ["", "nobody", "a\x00@b.org", "a@" + "ﷺ" * 20 + ".org"])
def test_what_is_no_address_is_said_so(client: Client, db: None, address: str) -> None:
    assert client.post("/given/again/", {"email": address}).status_code == 400


def test_a_forged_answer_is_refused(donation: Donation, admin: User) -> None:
    received(donation, admin)
    assert say(Client(enforce_csrf_checks=True), link(donation), donation, "yes").status_code == 403


# ---- an account ----


def test_it_is_tied_to_the_account_of_whoever_is_signed_in(client: Client, donation: Donation, student: User) -> None:
    here = link(donation)
    page = text(client.get(here))
    assert f'href="/accounts/login/?next={here.replace("/", "%2F").replace(":", "%3A")}"' in page
    client.force_login(student)
    assert "Add it to the account student" in text(client.get(link(donation)))
    answer = client.post(link(donation), {"tie": "1"}, follow=True)
    assert answer.redirect_chain[-1][0] == "/donating/"
    assert donation.number in text(answer)
    assert "Add it to the account" not in text(client.get(link(donation)))


def test_what_another_account_has_stays_there(
    client: Client, donation: Donation, student: User, student2: User
) -> None:
    donor_rows.tie(donor=donation.donor, user=student2)
    client.force_login(student)
    answer = client.post(link(donation), {"tie": "1"}, follow=True)
    assert "belongs to another account already" in text(answer)
    assert Donor.objects.get().user == student2


def test_nobody_ties_it_without_signing_in(client: Client, donation: Donation) -> None:
    assert client.post(link(donation), {"tie": "1"}).status_code == 302
    assert Donor.objects.get().user is None


# ---- the donor's home ----


def test_the_home_shows_ones_own_and_takes_the_answer(client: Client, student: User, admin: User) -> None:
    donation = received(offered(PC, OLD, donor=donor_of("student@example.org", user=student)), admin)
    other = offered(donor=donor_of("other@example.org"))
    client.force_login(student)
    page = text(client.get("/donating/"))
    assert donation.number in page
    assert other.number not in page
    assert page.index("Is this what you gave?") < page.index('class="stepper"')
    assert say(client, "/donating/confirm/", donation, "no").status_code == 400
    assert say(client, "/donating/confirm/", donation, "yes").status_code == 302
    donation.refresh_from_db()
    assert donation.confirmed == "yes"
    assert say(client, "/donating/confirm/", other, "yes").status_code == 404


def test_more_donations_cost_the_home_no_more_queries(client: Client, student: User, admin: User) -> None:
    donor, counts = donor_of("student@example.org", user=student), []
    client.force_login(student)
    for _round in range(2):
        for _n in range(3):
            received(offered(PC, OLD, donor=donor), admin)
        client.get("/donating/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/donating/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_an_administrator_s_home_shows_their_own_only(client: Client, donation: Donation, admin: User) -> None:
    client.force_login(admin)
    assert donation.number not in text(client.get("/donating/"))
    assert say(client, "/donating/confirm/", received(donation, admin), "yes").status_code == 404


def test_what_was_offered_with_ones_address_before_is_added_by_a_press(client: Client, student: User) -> None:
    donation = offered(donor=donor_of("student@example.org"))
    client.force_login(student)
    page = text(client.get("/donating/"))
    assert "Something was offered with your address" in page
    assert donation.number not in page
    assert donation.number in text(client.post("/donating/tie/", follow=True))
    assert Donor.objects.get().user == student


def test_an_address_that_is_not_proven_adds_nothing(client: Client) -> None:
    offered(donor=donor_of("eva@example.org"))
    client.force_login(User.objects.create(username="eva", email="eva@example.org", roles=["student"]))
    assert "Something was offered" not in text(client.get("/donating/"))
    client.post("/donating/tie/")
    assert Donor.objects.get().user is None
