"""People and robots on the form: robots get nowhere, and whoever is signed in need not say who they are."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.donors import donor_limits
from accounts.models import Donor, User
from accounts.notices.mail import send_due
from nodes.models import Donation
from tests.nodes.donated import donor_of, offered
from tests.pages.test_donate import GOOD, URL, offer, text, typed

pytestmark = pytest.mark.django_db


# ---- robots ----


def test_a_robot_that_fills_in_everything_offers_nothing(client: Client) -> None:
    answer = offer(client, website="https://example.org")
    assert answer.status_code == 400
    assert "as robots do" in text(answer)
    assert "Dell OptiPlex 780" in text(answer)
    assert not Donation.objects.exists()


def test_people_and_screen_readers_do_not_meet_the_trap(client: Client) -> None:
    page = text(client.post(URL, typed(GOOD, check="1")))
    trap = re.search(r'<div class="unseen" aria-hidden="true">.*?</div>', page)
    assert trap
    assert all(each in trap[0] for each in ('name="website"', 'tabindex="-1"', 'autocomplete="off"'))


def test_the_sixth_offer_of_an_hour_has_to_wait_and_loses_nothing(client: Client) -> None:
    for number in range(donor_limits.OFFERS):
        assert offer(client, once=str(number), email=f"c{number}@example.org").status_code == 302
    answer = offer(client, once="late", name="Carlos Late")
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 3600
    assert "That is a lot of offers at once" in text(answer)
    assert "Dell OptiPlex 780" in text(answer)
    assert "Carlos Late" in text(answer)
    assert Donation.objects.count() == donor_limits.OFFERS


def test_a_fault_does_not_count_as_an_offer(client: Client) -> None:
    for _number in range(donor_limits.OFFERS + 1):
        offer(client, name="")
    assert offer(client).status_code == 302


def test_a_forged_request_is_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    assert offer(client).status_code == 403


# ---- people who are signed in ----


@pytest.fixture
def unproven(db: None) -> User:
    return User.objects.create(username="eva", email="eva@example.org", roles=["student"])


def test_whoever_is_signed_in_does_not_type_name_and_address(client: Client, student: User) -> None:
    client.force_login(student)
    page = text(client.post(URL, typed(GOOD, check="1")))
    assert 'name="email"' not in page
    assert 'name="name"' not in page
    answer = offer(client, name="Eve", email="eve@example.org")
    assert (answer.status_code, answer["Location"]) == (302, "/donating/")
    donor = Donation.objects.get().donor
    assert (donor.email, donor.user, donor.name) == ("student@example.org", student, "student")
    assert Donation.objects.get().number in text(client.get("/donating/"))
    student.refresh_from_db()
    assert User.Role.DONOR in student.roles


def test_an_address_that_is_not_proven_ties_nothing(client: Client, unproven: User) -> None:
    client.force_login(unproven)
    assert 'value="eva@example.org"' in text(client.post(URL, typed(GOOD, check="1")))
    assert offer(client, email="eva@example.org")["Location"] == "/donate/done/"
    assert Donation.objects.get().donor.user is None
    assert Donation.objects.get().number not in text(client.get("/donating/"))


def test_a_donor_is_not_asked_again_who_they_are(client: Client, student: User) -> None:
    offered(donor=donor_of("student@example.org", user=student))
    client.force_login(student)
    assert 'name="organisation"' not in text(client.post(URL, typed(GOOD, check="1")))
    assert offer(client)["Location"] == "/donating/"
    assert Donor.objects.count() == 1
    send_due(timezone.now())
    body = str(mail.outbox[-1].body)
    assert "/donating/" in body
    assert "/given/" not in body
    assert "200 days" not in body
