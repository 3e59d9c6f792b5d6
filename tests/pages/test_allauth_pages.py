"""Each page of allauth that is routed is a page of ours, in both languages; what is not routed is not there."""

from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts import password_links
from accounts.models import User
from portal.urls import _accounts
from tests.pages.second_steps import STEP, confirm, with_app, with_password

OURS = str(Path(__file__).resolve().parents[2] / "templates")
SIGNED_OUT = {
    "account_login", "account_inactive", "account_signup", "account_signup_done", "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key_done",
}  # fmt: skip
SIGNED_IN = {
    "account_logout", "account_change_password", "account_reauthenticate", "account_confirm_elsewhere", "mfa_index", "mfa_deactivate_totp",
    "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes", "mfa_add_webauthn", "mfa_edit_webauthn",
    "mfa_remove_webauthn", "mfa_reauthenticate",
}  # fmt: skip
# Each has a test below, or in the files named.
BY_THEMSELVES = {
    "account_set_password",
    "account_reset_password_from_key",
    "mfa_activate_totp",
    "mfa_authenticate",
    "mfa_login_webauthn",  # JSON; tests/pages/test_second_steps.py
    "mfa_reauthenticate_webauthn",  # tests/pages/test_passkeys_browser.py
}


def names(patterns: Any) -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        found |= names(pattern.url_patterns) if isinstance(pattern, URLResolver) else {pattern.name}
    return found


def is_ours(reply: Any) -> bool:
    """Say whether the answer is drawn by a template of ours, all parts of it."""
    origins = [template.origin.name for template in reply.templates if template.origin and template.name]
    foreign = [name for name in origins if not name.startswith(OURS) and "django/forms" not in name]
    return reply.status_code == 200 and origins != [] and foreign == []


def address(name: str) -> str:
    passkey = Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).first()
    return reverse(name, args=[passkey.pk] if (passkey and "edit" in name) or (passkey and "remove" in name) else [])


def test_each_route_is_looked_at() -> None:
    assert names(_accounts) == SIGNED_OUT | SIGNED_IN | BY_THEMSELVES


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("name", sorted(SIGNED_OUT))
def test_the_pages_for_the_signed_out_are_ours(client: Client, db: None, name: str, language: str) -> None:
    assert is_ours(client.get(address(name), headers={"Accept-Language": language}))


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_pages_for_the_signed_in_are_ours(client: Client, student: User, language: str) -> None:
    with_app(student)
    Authenticator.objects.create(user=student, type=Authenticator.Type.WEBAUTHN, data={"name": "phone"})
    client.force_login(student)
    confirm(client)
    Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).update(user=student)
    skipped = {"mfa_add_webauthn"}  # reads the keys that are there: tests/pages/test_passkeys_browser.py
    replies = {name: client.get(address(name), headers={"Accept-Language": language}) for name in SIGNED_IN - skipped}
    assert [name for name, reply in replies.items() if not is_ours(reply)] == []


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_pages_that_need_their_moment_are_ours(client: Client, student: User, language: str) -> None:
    spoken = {"headers": {"Accept-Language": language}}
    client.force_login(student)
    confirm(client)
    assert is_ours(client.get(reverse("mfa_activate_totp"), **spoken))
    assert is_ours(client.get(reverse("mfa_add_webauthn"), **spoken))
    client.logout()
    with_app(student)
    with_password(client)
    assert is_ours(client.get(STEP, **spoken))
    link = password_links.address(student)
    assert is_ours(client.get("/accounts" + link.partition("/accounts")[2], follow=True, **spoken))


@pytest.mark.parametrize("language", ["en", "es"])
def test_who_has_no_password_yet_chooses_one_on_a_page_of_ours(client: Client, student: User, language: str) -> None:
    student.set_unusable_password()
    student.save()
    client.force_login(student)
    assert is_ours(client.get(reverse("account_set_password"), headers={"Accept-Language": language}))


def test_no_page_of_allauth_stands_elsewhere() -> None:
    """Views of allauth are routed from portal/urls.py alone, and none of its own lists of routes is included."""
    foreign = [
        pattern
        for pattern in get_resolver().url_patterns
        if isinstance(pattern, URLResolver) and str(getattr(pattern.urlconf_name, "__name__", "")).startswith("allauth")
    ]
    assert foreign == []
    assert all(isinstance(pattern, URLPattern | URLResolver) for pattern in _accounts)
