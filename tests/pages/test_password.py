"""A forgotten password: a mail, and never a 500."""

import pytest
from django.core import mail
from django.test import Client

from accounts.models import User


@pytest.mark.parametrize("email", ["student@example.org", "nobody@example.org"])
def test_asking_for_a_new_password_answers_the_same_for_everybody(client: Client, student: User, email: str) -> None:
    reply = client.post("/accounts/password/reset/", {"email": email})
    assert (reply.status_code, reply["Location"]) == (302, "/accounts/password/reset/done/")
    assert client.get(reply["Location"]).status_code == 200


def test_the_mail_leads_to_a_page_for_a_new_password(client: Client, student: User) -> None:
    client.post("/accounts/password/reset/", {"email": "student@example.org"})
    link = next(line for line in mail.outbox[0].body.splitlines() if "/accounts/password/reset/key/" in line).strip()
    assert client.get(link.partition("testserver")[2], follow=True).status_code == 200
