"""A person's own address: proven by a mailed link, changed only where the site allows it."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import emails, new_passwords, own_address
from accounts.limits import MAILS_TO_AN_ADDRESS
from accounts.models import User
from accounts.notices.mail import send_due
from tests.pages.second_steps import confirm

URL = "/account/address/"


@pytest.fixture
def signed_in(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


@pytest.fixture
def changes(settings: Any, signed_in: Client) -> None:
    settings.ADDRESS_CHANGES = True
    confirm(signed_in)


def link(to: str) -> str:
    """The link that was mailed to this address."""
    send_due(timezone.now())
    [sent] = [one for one in mail.outbox if one.to == [to]]
    found = re.search(r"https?://[^/\s]+(/account/address/prove/\S+)", str(sent.body))
    assert found
    return found[1]


def fresh(person: User) -> User:
    return User.objects.get(pk=person.pk)


def test_an_address_is_proven_by_its_link(signed_in: Client, student: User) -> None:
    EmailAddress.objects.all().delete()
    assert "Not verified" in signed_in.get(URL).content.decode()
    signed_in.post(URL)
    path = link("student@example.org")
    assert emails.proven(student) == ""
    Client().get(path)  # a scanner of mail
    assert emails.proven(student) == ""
    assert "is verified" in Client().post(path).content.decode()
    assert emails.proven(student) == "student@example.org"


def test_the_university_s_address_stays(signed_in: Client, student: User) -> None:
    reply = signed_in.post(URL, {"email": "me@elsewhere.example"})
    assert reply.status_code == 400
    assert "Ask an administrator to change it" in reply.content.decode()
    assert send_due(timezone.now()) == 0


def test_where_it_is_allowed_the_new_one_counts_once_it_is_proven(
    signed_in: Client, student: User, changes: None
) -> None:
    signed_in.post(URL, {"email": "me@elsewhere.example"})
    path = link("me@elsewhere.example")
    assert fresh(student).email == "student@example.org"
    signed_in.post(path)
    assert emails.proven(fresh(student)) == "me@elsewhere.example"
    assert not emails.people_at("student@example.org").exists()


def test_whoever_finds_the_browser_open_does_not_change_it(client: Client, student: User, settings: Any) -> None:
    settings.ADDRESS_CHANGES = True
    client.force_login(student)
    asked = client.post(URL, {"email": "me@elsewhere.example"})
    assert asked["Location"] == f"/accounts/confirm/?next={URL.replace('/', '%2F')}"
    assert send_due(timezone.now()) == 0
    client.post(asked["Location"], {"password": "minga", "next": URL})
    assert link("me@elsewhere.example")


def test_the_old_address_hears_of_it(signed_in: Client, changes: None) -> None:
    signed_in.post(URL, {"email": "me@elsewhere.example"})
    signed_in.post(link("me@elsewhere.example"))
    send_due(timezone.now())
    told = [one for one in mail.outbox if "was changed" in str(one.body)]
    assert [one.to for one in told] == [["student@example.org"]]
    # A link for a new password goes to the address that somebody has put in its place.
    assert "Forgot your password" not in str(told[0].message())
    assert "tell an administrator at once" in " ".join(str(told[0].body).split())


def test_the_address_of_another_person_is_never_theirs(
    signed_in: Client, student: User, student2: User, changes: None
) -> None:
    assert signed_in.post(URL, {"email": "Student2@Example.org"}).status_code == 302  # as for any other
    assert send_due(timezone.now()) == 0
    assert signed_in.post(f"{URL}prove/{own_address.token(student, 'student2@example.org')}/").status_code == 404
    assert fresh(student).email == "student@example.org"


def test_an_account_that_was_only_asked_for_does_not_keep_the_address(
    signed_in: Client, student: User, changes: None, settings: Any
) -> None:
    settings.SIGN_UP_DOMAINS = ["uni.example"]
    signed_in.post(URL, {"email": "me@uni.example"})
    Client().post("/accounts/signup/", {"email": "ME@uni.example", "name": "Eve"})
    signed_in.post(f"{URL}prove/{own_address.token(student, 'me@uni.example')}/")
    assert emails.proven(fresh(student)) == "me@uni.example"
    assert User.objects.get() == student


@pytest.mark.parametrize("token", ["x", "e30.x.y", "a" * 3000])
def test_a_link_that_is_none_is_said_to_be_none(client: Client, db: None, token: str) -> None:
    assert client.get(f"{URL}prove/{token}/").status_code == 404


def test_a_link_ends_after_three_days(client: Client, student: User, monkeypatch: pytest.MonkeyPatch) -> None:
    text = own_address.token(student, "student@example.org")
    late = datetime.now().timestamp() + timedelta(days=3, minutes=1).total_seconds()
    monkeypatch.setattr("django.core.signing.time.time", lambda: late)
    assert client.get(f"{URL}prove/{text}/").status_code == 404


def test_a_link_ends_with_a_sign_out_everywhere(signed_in: Client, student: User) -> None:
    text = own_address.token(student, "student@example.org")
    signed_in.post("/account/sessions/others/end/")
    assert signed_in.get(f"{URL}prove/{text}/").status_code == 404


def test_a_change_that_was_asked_for_with_the_old_password_ends_with_it(
    signed_in: Client, student: User, changes: None
) -> None:
    signed_in.post(URL, {"email": "thief@elsewhere.example"})
    new_passwords.change(person=student, password="quite another 9", end_tokens=False)
    assert Client().post(link("thief@elsewhere.example")).status_code == 404  # also where the mail goes out only now
    assert fresh(student).email == "student@example.org"


def test_a_new_password_leaves_the_link_that_proves_one_s_own_address(signed_in: Client, student: User) -> None:
    EmailAddress.objects.all().delete()
    signed_in.post(URL)
    new_passwords.change(person=student, password="quite another 9", end_tokens=False)
    assert Client().post(link("student@example.org")).status_code == 200


def test_an_older_link_does_not_take_a_change_back(signed_in: Client, student: User, changes: None) -> None:
    older = own_address.token(student, "first@elsewhere.example")
    signed_in.post(f"{URL}prove/{own_address.token(student, 'second@elsewhere.example')}/")
    assert signed_in.post(f"{URL}prove/{older}/").status_code == 404
    assert fresh(student).email == "second@elsewhere.example"


def test_two_clicks_send_one_mail(signed_in: Client) -> None:
    EmailAddress.objects.all().delete()
    page = signed_in.get(URL).content.decode()
    once = {"once": page.partition('name="once" value="')[2].partition('"')[0]}
    for _twice in range(2):
        assert signed_in.post(URL, once).status_code == 302
    assert send_due(timezone.now()) == 1


def test_mails_come_to_an_end(signed_in: Client) -> None:
    answers = [signed_in.post(URL).status_code for _ in range(MAILS_TO_AN_ADDRESS + 1)]
    assert answers == [302] * MAILS_TO_AN_ADDRESS + [429]


@pytest.mark.parametrize("typed", ["", "x", "x@y", "a" * 300 + "@example.org", "\x00@example.org"])
def test_what_is_no_address_is_said_so(signed_in: Client, changes: None, typed: str) -> None:
    reply = signed_in.post(URL, {"email": typed})
    assert reply.status_code == 400
    assert "errorlist" in reply.content.decode()
