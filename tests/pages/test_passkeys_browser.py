"""Passkeys in a real browser, with an authenticator that Chromium plays."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import Browser, Page

from accounts.models import User
from tests.chromium import in_a_browser
from tests.pages.test_browser import AXE, faults, visit

HERE = "/accounts/second-step/"
PHONE = (390, "dark")
pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("accounts-in-a-browser")]


def with_authenticator(page: Page) -> Any:
    """Plug in an authenticator that knows its owner. Return the way to speak to it."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
    }  # fmt: skip
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return cdp


def add(page: Page, name: str) -> None:
    page.goto(f"{HERE}passkey/new/")
    page.locator("input[type=password]").fill("minga")
    page.locator("main button.main").click()
    page.locator("#id_name").fill(name)
    page.locator("[data-passkey-button]").click()
    page.wait_for_url(f"**{HERE}codes/")


@pytest.fixture
def page(browser: Browser, live_server: Any, student: User) -> Page:
    found = visit(browser, live_server, user=student, width=390, theme="light", language="en", axe=AXE.exists())
    with_authenticator(found)
    return found


def at_keys(url: str) -> bool:
    return urlsplit(url).path == "/keys/"


def sign_out(page: Page) -> None:
    page.context.clear_cookies(name="sessionid")


def test_a_passkey_is_added_and_signs_in_alone(page: Page) -> None:
    add(page, "my laptop")
    page.goto(HERE)
    assert page.locator("#passkeys + p + ul b").inner_text() == "my laptop"
    sign_out(page)
    page.goto("/keys/")
    page.locator("[data-passkey-button]").click()
    page.wait_for_url(at_keys)
    assert Authenticator.objects.get(type="webauthn").last_used_at


def test_a_passkey_is_the_second_step_after_the_password(page: Page) -> None:
    add(page, "my laptop")
    sign_out(page)
    page.goto("/accounts/login/?next=/keys/")
    page.locator("#id_login").fill("student")
    page.locator("#id_password").fill("minga")
    page.locator("button.main").click()
    page.wait_for_url("**/login/second-step/")
    found = faults(page, "second-step", PHONE) if AXE.exists() else []
    page.locator("[data-passkey-button]").click()
    page.wait_for_url(at_keys)
    assert found == []


def test_a_passkey_is_renamed_and_removed(page: Page) -> None:
    add(page, "my laptop")
    page.goto(HERE)
    page.get_by_role("link", name="Rename my laptop").click()
    page.locator("#id_name").fill("grandmother's laptop")
    page.locator("main button.main").click()
    page.wait_for_url(f"**{HERE}")
    page.get_by_role("link", name="Remove grandmother's laptop").click()
    page.locator("main button.sure").click()
    page.wait_for_url(f"**{HERE}")
    assert not Authenticator.objects.exists()


def test_a_passkey_says_who_one_is_before_a_change(page: Page) -> None:
    add(page, "my laptop")
    sign_out(page)
    page.goto(f"/accounts/login/?next=/accounts/confirm/passkey/%3Fnext={HERE}codes/")
    page.locator("[data-passkey-button]").click()
    page.wait_for_url(lambda url: urlsplit(url).path == "/accounts/confirm/passkey/")
    assert page.get_by_role("link", name="Back").get_attribute("href")
    page.locator("[data-passkey-button]").click()
    page.wait_for_url(f"**{HERE}codes/")


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
def test_its_pages_are_sound(page: Page) -> None:
    page.goto(f"{HERE}passkey/new/")
    found = faults(page, "confirm", PHONE)
    add(page, "a name of a passkey that is rather long, to see it wrap")
    found += faults(page, "recovery-codes", PHONE)
    page.goto(HERE)
    found += faults(page, "second-step-overview", PHONE)
    for path in (f"{HERE}app/", f"{HERE}codes/new/", f"{HERE}passkey/new/", "/account/sessions/", "/account/address/"):
        page.goto(path)
        found += faults(page, path.strip("/").replace("/", "-"), PHONE)
    assert found == []


def test_what_was_stopped_is_said(browser: Browser, live_server: Any, student: User) -> None:
    page = visit(browser, live_server, user=None, width=390, theme="light", language="en")
    with_authenticator(page)  # which has no passkey
    page.goto("/accounts/login/")
    page.locator("[data-passkey-button]").click()
    page.locator("[data-passkey-failed]").wait_for()
