"""People who have a second step, and what they do with it, for tests."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client

from accounts.models import User

LOGIN, STEP = "/accounts/login/", "/accounts/login/second-step/"
HERE = "/accounts/second-step/"


def code(secret: str) -> str:
    """The code that an app with this secret shows now."""
    now = list(yield_hotp_counters_from_time())[1]
    return format_hotp_value(hotp_value(secret, now))


def with_app(person: User) -> str:
    """Give somebody an authenticator app, with recovery codes. Return its secret."""
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    RecoveryCodes.activate(person)
    return secret


def recovery_codes(person: User) -> list[str]:
    row = Authenticator.objects.get(user=person, type=Authenticator.Type.RECOVERY_CODES)
    codes: list[str] = row.wrap().get_unused_codes()
    return codes


def with_password(client: Client, name: str = "student", **more: Any) -> Any:
    return client.post(LOGIN, {"login": name, "password": "minga"}, **more)


def is_in(client: Client) -> bool:
    return client.get("/keys/").status_code == 200


def confirm(client: Client) -> None:
    """Show once more who one is."""
    assert client.post("/accounts/confirm/", {"password": "minga", "next": HERE}).status_code == 302
