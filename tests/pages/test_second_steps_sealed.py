"""Second steps at rest: sealed in the database, and what is said where no key opens them."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.test import Client

from accounts import sign_in_keys
from accounts.models import User
from tests.pages.second_steps import HERE, STEP, code, confirm, with_app, with_password

Type = Authenticator.Type


@pytest.fixture
def signed_in(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


def test_secrets_are_sealed_in_the_database(student: User) -> None:
    secret = with_app(student)
    rows = [str(row.data) for row in Authenticator.objects.all()]
    assert [row for row in rows if secret in row] == []
    app = Authenticator.objects.get(type=Type.TOTP)
    assert sign_in_keys.unseal(app.data["secret"]) == secret


def test_who_cannot_be_checked_any_more_reads_so(client: Client, student: User, settings: Any) -> None:
    secret = with_app(student)
    settings.SECRET_KEY = "another" * 8
    with_password(client)
    page = client.post(STEP, {"code": code(secret)}).content.decode()
    assert "Minga can no longer read your second step" in page


@pytest.mark.parametrize("page", ["codes/", "codes/new/", "codes/download/"])
def test_codes_that_no_key_opens_are_said_to_be_lost(
    signed_in: Client, student: User, settings: Any, page: str
) -> None:
    settings.SIGN_IN_KEYS = [Fernet.generate_key().decode()]
    with_app(student)
    confirm(signed_in)
    settings.SIGN_IN_KEYS = []
    reply = signed_in.get(HERE + page, follow=True)
    assert "Minga can no longer read your second step" in reply.content.decode()
