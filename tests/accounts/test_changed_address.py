"""Administrators write down another e-mail address: it counts, the old one is told, and links that went there end."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import emails, password_links, person_actions
from accounts.models import AuditRow, User
from accounts.notices.mail import send_due
from accounts.person_names import BadPerson
from tests.pages.second_steps import confirm

OLD, NEW = "ana@example.org", "ana@students.example.org"


@pytest.fixture
def ana(db: None) -> User:
    facts: dict[str, Any] = {"username": "ana", "name": "Ana", "email": OLD, "roles": ["student"], "by": None}
    person = person_actions.create(**facts)
    emails.trust(person)
    return person


def test_it_counts_and_the_old_one_is_told(ana: User, admin: User) -> None:
    link = password_links.PasswordLinks().make_token(ana)
    person_actions.change_address(person=ana, email=f" {NEW} ", by=admin)
    ana.refresh_from_db()
    assert (ana.email, emails.proven(ana)) == (NEW, NEW)
    assert [row.email for row in EmailAddress.objects.filter(user=ana)] == [NEW]
    assert not password_links.PasswordLinks().check_token(ana, link)
    send_due(timezone.now())
    assert [message.to for message in mail.outbox] == [[OLD]]
    row = AuditRow.objects.get(verb="change_address")
    assert (row.who, row.whom, row.detail) == (admin, ana, {})  # no address: erasing a person edits no row


@pytest.mark.parametrize("email", ["", "x", "ANA@example.org", "other@example.org", "proven@example.org", "x" * 300])
def test_it_must_be_another_address_that_is_nobodys(ana: User, student: User, email: str) -> None:
    User.objects.filter(pk=student.pk).update(email="Other@example.org")
    EmailAddress.objects.create(user=student, email="proven@example.org", verified=True)
    with pytest.raises(BadPerson) as refusal:
        person_actions.change_address(person=ana, email=email, by=None)
    assert refusal.value.field == "email"
    ana.refresh_from_db()
    assert (ana.email, emails.proven(ana)) == (OLD, OLD)


def test_on_the_page_the_administrator_shows_who_that_is(ana: User, admin: User, client: Client) -> None:
    page = f"/manage/people/{ana.pk}/"
    client.force_login(admin)
    reply = client.post(f"{page}address/", {"email": NEW})
    assert reply["Location"].startswith("/accounts/confirm/")
    confirm(client)
    assert "This is the address already." in client.post(f"{page}address/", {"email": OLD}).content.decode()
    reply = client.post(f"{page}address/", {"email": NEW}, follow=True)
    assert "The old one gets a mail about it." in reply.content.decode()
    ana.refresh_from_db()
    assert ana.email == NEW
