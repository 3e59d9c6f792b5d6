"""The receipt is for its donor, by the link or signed in, and for administrators; for nobody else."""

from typing import Any

import pytest
from django.test import Client

from accounts.donors import donor_links
from accounts.models import User
from nodes.models import Donation
from tests.nodes.donated import PC, donor_of, offered, stepped
from tests.nodes.printing.printed import pages
from tests.pages.desk_pages import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def donation(student: User, admin: User) -> Donation:
    """A donation of the student's, of which one of two computers has come."""
    given = offered(PC, PC, donor=donor_of(user=student))
    stepped(given.computers.all()[0], "accept", "receive", by=admin)
    return given


def path(donation: Donation) -> str:
    return f"/donating/receipts/{donation.pk}/"


def is_receipt(reply: Any, donation: Donation) -> bool:
    return reply.status_code == 200 and donation.number in pages(reply.content)[0]


def test_the_donor_gets_it_by_their_link(client: Client, donation: Donation) -> None:
    link = f"/given/{donor_links.token(donation.donor)}/"
    receipt = f"{link}receipts/{donation.pk}/"
    assert f'href="{receipt}"' in client.get(link).content.decode()
    assert is_receipt(client.get(receipt), donation)


def test_the_donor_gets_it_signed_in(client: Client, student: User, donation: Donation) -> None:
    client.force_login(student)
    assert f'href="{path(donation)}"' in client.get("/donating/").content.decode()
    reply = client.get(path(donation))
    assert is_receipt(reply, donation)
    assert reply["Content-Disposition"] == f'attachment; filename="receipt-{donation.number}.pdf"'
    assert reply["Cache-Control"].startswith("private, no-store")


def test_administrators_get_it_from_the_offer(client: Client, admin: User, donation: Donation) -> None:
    client.force_login(admin)
    assert f'href="{path(donation)}"' in client.get(f"/manage/donations/{donation.pk}/").content.decode()
    assert is_receipt(client.get(path(donation)), donation)


def test_it_is_in_the_readers_language(client: Client, student: User, donation: Donation) -> None:
    client.force_login(student)
    client.cookies["django_language"] = "es"
    reply = client.get(path(donation))
    assert "Recibo de computadoras donadas" in pages(reply.content)[0]
    assert f"recibo-{donation.number}.pdf" in reply["Content-Disposition"]


def test_nobody_gets_that_of_others(client: Client, donation: Donation) -> None:
    other = donor_of("other@example.org")
    link = f"/given/{donor_links.token(other)}/receipts/{donation.pk}/"
    assert client.get(link).status_code == 404
    client.force_login(User.objects.create(username="stranger"))
    assert client.get(path(donation)).status_code == 404


def test_a_link_that_has_ended_leads_to_a_new_one(client: Client, donation: Donation) -> None:
    reply = client.get(f"/given/x/receipts/{donation.pk}/", follow=True)
    assert "This link leads nowhere" in text(reply)


def test_before_anything_came_one_reads_why_there_is_none(client: Client, student: User) -> None:
    waiting = offered(donor=donor_of(user=student))
    client.force_login(student)
    assert "Receipt" not in text(client.get("/donating/"))
    assert "Nothing of this donation has been received yet." in text(client.get(path(waiting)))
    assert client.get(path(waiting)).status_code == 409
