"""A forgotten password: a mail, and never a 500."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core import mail
from django.db import connection
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


def form(client: Client, email: str = "student@example.org") -> dict[str, str]:
    page = client.get("/accounts/password/reset/").content.decode()
    return {"email": email, "once": page.partition('name="once" value="')[2].partition('"')[0]}


def test_two_clicks_on_send_me_the_link_send_one_mail(client: Client, student: User) -> None:
    typed = form(client)
    replies = [client.post("/accounts/password/reset/", typed) for _twice in range(2)]
    assert [reply["Location"] for reply in replies] == ["/accounts/password/reset/done/"] * 2
    assert len(mail.outbox) == 1


def test_another_form_sends_another_mail(client: Client, student: User) -> None:
    for _twice in range(2):
        client.post("/accounts/password/reset/", form(client))
    assert len(mail.outbox) == 2


@pytest.mark.parametrize("email", ["student@example.org", "nobody@example.org"])
def test_a_form_that_comes_often_counts_once_whoever_has_an_account(client: Client, student: User, email: str) -> None:
    """Else the limit of mails would tell which addresses have one."""
    typed = form(client, email)
    assert {client.post("/accounts/password/reset/", typed).status_code for _n in range(8)} == {302}


def test_what_could_not_be_sent_may_be_sent_again(client: Client, student: User, settings: Any) -> None:
    typed, client.raise_request_exception = form(client), False
    settings.EMAIL_BACKEND = "no.such.Backend"
    assert client.post("/accounts/password/reset/", typed).status_code == 500
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    client.post("/accounts/password/reset/", typed)
    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_send_one_mail() -> None:
    User.objects.create_user("student", "student@example.org", "minga")
    typed = form(Client())

    def send(_n: int) -> int:
        try:
            return Client().post("/accounts/password/reset/", typed).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(send, range(2))) == [302, 302]
    assert len(mail.outbox) == 1
