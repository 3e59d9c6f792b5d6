"""An address counts once it is proven."""

from importlib import import_module
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.auth import authenticate
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import emails
from accounts.models import Notice, User
from accounts.notices.mail import send_due

migration = import_module("accounts.migrations.0007_proven_addresses")


def claimed(student: User) -> User:
    """The person says that this is their address, as /accounts/email/ let anybody do."""
    EmailAddress.objects.filter(user=student).delete()
    EmailAddress.objects.create(user=student, email="boss@example.org", primary=True)
    student.email = "boss@example.org"
    student.save()
    return student


def test_what_the_university_wrote_down_counts(student: User) -> None:
    assert emails.proven(student) == "student@example.org"
    assert list(emails.people_at("Student@Example.org")) == [student]


def test_what_somebody_claims_does_not(student: User) -> None:
    assert emails.proven(claimed(student)) == ""
    assert not emails.people_at("boss@example.org").exists()


def test_a_claimed_address_is_no_name_to_sign_in_with(student: User) -> None:
    claimed(student)
    assert authenticate(email="boss@example.org", password="minga") is None


def test_an_address_is_proven_by_one_person_only(student: User, student2: User) -> None:
    student2.email = "STUDENT@example.org"
    assert not emails.trust(student2)


def test_whoever_uses_the_mailed_link_has_proven_it(client: Client, student: User) -> None:
    claimed(student)
    client.post("/accounts/password/reset/", {"email": "boss@example.org"})
    send_due(timezone.now())
    link = next(line for line in mail.outbox[0].body.splitlines() if "/accounts/password/reset/key/" in line).strip()
    page = client.get(urlsplit(link).path, follow=True)
    form = {"password1": "quite another 9", "password2": "quite another 9"}
    assert client.post(page.redirect_chain[-1][0], form).status_code == 302
    assert emails.proven(student) == "boss@example.org"


def test_a_link_to_another_address_of_theirs_proves_nothing(client: Client, student: User) -> None:
    EmailAddress.objects.create(user=claimed(student), email="student@evil.example")
    client.post("/accounts/password/reset/", {"email": "student@evil.example"})
    send_due(timezone.now())
    assert "/accounts/password/reset/key/" not in "".join(str(one.body) for one in mail.outbox)


def test_the_mail_for_a_forgotten_password_comes_so_often_and_no_more(client: Client, student: User) -> None:
    answers = [client.post("/accounts/password/reset/", {"email": "student@example.org"}) for _ in range(8)]
    assert (answers[-1].status_code, Notice.objects.count()) == (429, 5)
    assert "Too many mails" in answers[-1].content.decode()


def test_an_administrator_vouches_for_an_address(student: User) -> None:
    claimed(student)
    call_command("verify_email", "student", "real@example.org")
    student.refresh_from_db()
    assert emails.proven(student) == "real@example.org"


def test_the_upgrade_trusts_what_nobody_can_have_claimed(student: User, student2: User, teacher: User) -> None:
    EmailAddress.objects.all().delete()
    claimed(student)
    User.objects.filter(pk=teacher.pk).update(email="BOSS@example.org")
    for _ in range(2):
        migration.trust(apps, None)
    teacher.refresh_from_db()
    assert [bool(emails.proven(person)) for person in (student, student2, teacher)] == [False, True, False]
