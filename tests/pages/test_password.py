"""A forgotten password: a mail, and never a 500."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import people_mails
from accounts.models import Notice, User
from accounts.notices.mail import send_due
from tests.accounts.postman import Postman, body, use
from tests.pages.second_steps import with_app


@pytest.mark.parametrize("email", ["student@example.org", "nobody@example.org"])
def test_asking_for_a_new_password_answers_the_same_for_everybody(client: Client, student: User, email: str) -> None:
    reply = client.post("/accounts/password/reset/", {"email": email})
    assert (reply.status_code, reply["Location"]) == (302, "/accounts/password/reset/done/")
    assert client.get(reply["Location"]).status_code == 200


@pytest.fixture
def postman(settings: Any) -> Iterator[Postman]:
    server = Postman()
    use(settings, server.port)
    yield server
    server.close()


def test_the_mail_leads_to_a_new_password_and_in(client: Client, student: User, postman: Postman) -> None:
    client.post("/accounts/password/reset/", {"email": "Student@example.org"})
    assert postman.mails == []  # no request waits for a mail server
    send_due(timezone.now())
    [sent] = postman.mails
    assert sent["To"] == "student@example.org"
    link = next(line for line in body(sent).splitlines() if line.startswith("https://labs.example.org/"))
    page = client.get(link.removeprefix("https://labs.example.org"), follow=True)
    new = {"password1": "quite another 9", "password2": "quite another 9"}
    done = client.post(page.redirect_chain[-1][0], new, follow=True)
    said = done.content.decode()
    assert "Your new password is set" in said
    assert "has been changed" not in said  # one sentence, not two
    assert done.context["user"] == student  # nobody is asked for what they have just typed
    login = {"login": "student", "password": "quite another 9"}
    assert Client().post("/accounts/login/", login)["Location"] == "/"


def test_whoever_has_a_second_step_still_shows_it(client: Client, student: User) -> None:
    with_app(student)
    page = client.get(sent_link(client), follow=True)
    new = {"password1": "quite another 9", "password2": "quite another 9"}
    assert client.post(page.redirect_chain[-1][0], new)["Location"].startswith("/accounts/login/second-step/")
    assert client.get("/account/").status_code == 302


def test_the_link_works_once(client: Client, student: User) -> None:
    link = sent_link(client)
    page = client.get(link, follow=True)
    new = {"password1": "quite another 9", "password2": "quite another 9"}
    client.post(page.redirect_chain[-1][0], new)
    assert "This link no longer works" in Client().get(link, follow=True).content.decode()


def test_the_person_hears_that_the_password_was_changed(client: Client, student: User) -> None:
    page = client.get(sent_link(client), follow=True)
    client.post(page.redirect_chain[-1][0], {"password1": "quite another 9", "password2": "quite another 9"})
    send_due(timezone.now())
    assert "Your password was changed." in str(mail.outbox[-1].body)


def test_nobody_unknown_gets_a_mail(client: Client, student: User) -> None:
    client.post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert not Notice.objects.exists()


def sent_link(client: Client) -> str:
    """Ask for a link and return where it leads."""
    client.post("/accounts/password/reset/", {"email": "student@example.org"})
    send_due(timezone.now())
    link = next(line for line in str(mail.outbox[-1].body).splitlines() if "/accounts/password/reset/key/" in line)
    return "/accounts" + link.strip().partition("/accounts")[2]


def waiting() -> int:
    return Notice.objects.filter(kind=people_mails.FORGOTTEN, state=Notice.State.DUE).count()


def form(client: Client, email: str = "student@example.org") -> dict[str, str]:
    page = client.get("/accounts/password/reset/").content.decode()
    return {"email": email, "once": page.partition('name="once" value="')[2].partition('"')[0]}


def test_two_clicks_on_send_me_the_link_send_one_mail(client: Client, student: User) -> None:
    typed = form(client)
    replies = [client.post("/accounts/password/reset/", typed) for _twice in range(2)]
    assert [reply["Location"] for reply in replies] == ["/accounts/password/reset/done/"] * 2
    assert waiting() == 1


def test_another_form_sends_another_mail(client: Client, student: User) -> None:
    for _twice in range(2):
        client.post("/accounts/password/reset/", form(client))
    assert Notice.objects.count() == 2
    assert waiting() == 1  # the older one is not worth sending any more


@pytest.mark.parametrize("email", ["student@example.org", "nobody@example.org"])
def test_a_form_that_comes_often_counts_once_whoever_has_an_account(client: Client, student: User, email: str) -> None:
    """Else the limit of mails would tell which addresses have one."""
    typed = form(client, email)
    assert {client.post("/accounts/password/reset/", typed).status_code for _n in range(8)} == {302}


def test_what_could_not_be_kept_may_be_asked_again(
    client: Client, student: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed, client.raise_request_exception = form(client), False
    with monkeypatch.context() as broken:
        broken.setattr(people_mails, "send_forgotten", None)
        assert client.post("/accounts/password/reset/", typed).status_code == 500
    client.post("/accounts/password/reset/", typed)
    assert waiting() == 1


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
    assert waiting() == 1
