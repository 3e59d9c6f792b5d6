"""Second steps at rest, ended by an administrator, and asked for by the API."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts import person_actions, second_steps, sign_in_keys
from accounts.models import AuditRow, User
from accounts.notices.mail import send_due
from tests.pages.second_steps import code, confirm, recovery_codes, with_app

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
TOKEN = "/api/v1/auth/token/"


def sealed() -> str:
    return str(Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"])


# ---- the keys ----


@pytest.mark.parametrize("before", [[], [OLD]])
def test_a_rotation_seals_with_the_newest_key(student: User, settings: Any, before: list[str]) -> None:
    settings.SIGN_IN_KEYS = before
    secret = with_app(student)
    codes = recovery_codes(student)
    settings.SIGN_IN_KEYS = [NEW, *before]
    assert second_steps.rotate() == (2, 0)
    settings.SIGN_IN_KEYS, settings.SECRET_KEY = [NEW], "quite another secret key of 40 characters"
    assert sign_in_keys.unseal(sealed()) == secret
    assert recovery_codes(student) == codes


def test_a_rotation_says_what_no_key_opens(student: User, settings: Any) -> None:
    settings.SIGN_IN_KEYS = [OLD]
    with_app(student)
    before = sealed()
    settings.SIGN_IN_KEYS = [NEW]
    with pytest.raises(CommandError, match="2 secrets cannot be opened"):
        call_command("rotate_sign_in_keys")
    assert sealed() == before


# ---- an administrator ----


def test_an_administrator_ends_it_and_the_person_hears_of_it(client: Client, student: User, admin: User) -> None:
    with_app(student)
    client.force_login(admin)
    page = f"/manage/people/{student.pk}/"
    assert "End the second step" in client.get(page).content.decode()
    confirm(client)
    client.post(f"{page}second-step/end/")
    assert not second_steps.is_on(student)
    assert AuditRow.objects.get().verb == "end_second_step"
    assert "End the second step" not in client.get(page).content.decode()
    send_due(timezone.now())
    assert "An administrator has ended the second step" in str(mail.outbox[0].body)


def test_the_command_ends_it_too(student: User) -> None:
    with_app(student)
    call_command("people", "end-second-step", "student")
    assert not Authenticator.objects.exists()


def test_where_there_is_none_nothing_is_recorded(student: User, admin: User) -> None:
    person_actions.end_second_step(person=student, by=admin)
    assert not AuditRow.objects.exists()


def test_of_who_is_removed_nothing_stays(student: User, admin: User) -> None:
    with_app(student)
    person_actions.remove(person=student, by=admin)
    assert not Authenticator.objects.exists()


# ---- the API ----


def token(**more: str) -> Any:
    body = {"username": "student", "password": "minga", **more}
    return Client().post(TOKEN, body, content_type="application/json")


def test_the_api_makes_no_token_for_the_password_alone(student: User) -> None:
    with_app(student)
    reply = token()
    assert (reply.status_code, reply.json()["code"]) == (401, "second_step_required")


def test_with_a_code_it_does(student: User) -> None:
    secret = with_app(student)
    assert token(code=recovery_codes(student)[0]).status_code == 200
    assert token(code=code(secret)).status_code == 200


def test_a_wrong_code_is_counted_with_those_of_the_page(student: User) -> None:
    with_app(student)
    answers = [token(code="000000") for _ in range(11)]
    assert (answers[0].json()["code"], answers[-1].status_code) == ("wrong_code", 429)


def test_a_code_says_nothing_about_a_wrong_password(student: User) -> None:
    secret = with_app(student)
    reply = token(password="guess", code=code(secret))
    assert reply.json()["code"] == "wrong_password"
