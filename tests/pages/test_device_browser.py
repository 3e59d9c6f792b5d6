"""The sign-in of a program by a code, in a real browser as wide as a phone."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from accounts import device_codes
from accounts.models import DeviceSignIn, User
from tests.chromium import in_a_browser
from tests.pages.test_browser import AXE, faults, look, visit

PATH = "/account/device/"
PHONE = (390, "light")
LONG_NAME = "the-computer-of-a-laboratory-with-a-rather-long-name-that-wraps"[:60]
pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("accounts-in-a-browser")]


def begin() -> str:
    """Let a program wait. Return the code that it shows."""
    return device_codes.begin(name=LONG_NAME, address="2001:db8::1234:5678:9abc:def0").user_code


def submit(page: Page, code: str) -> None:
    page.locator("#code").fill(code)
    with page.expect_navigation():
        page.locator("main button").click()


def decide(page: Page, decision: str) -> None:
    page.locator(f"button[value={decision}]").click()
    page.locator(".panel [role=status]").wait_for()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize("language", ["es", "en"])
def test_each_of_its_pages_is_sound(browser: Browser, live_server: Any, student: User, language: str) -> None:
    page = visit(browser, live_server, user=student, width=390, theme="light", language=language, axe=True)
    found = look(page, PATH, f"device-{language}", PHONE)
    submit(page, "BBBB-BBBB")
    found += faults(page, f"device-wrong-{language}", PHONE)
    for decision in ("allow", "deny"):
        page.goto(PATH)
        submit(page, begin())
        found += faults(page, f"device-waiting-{language}", PHONE)
        decide(page, decision)
        found += faults(page, f"device-{decision}-{language}", PHONE)
    assert found == []


@pytest.mark.parametrize(
    ("language", "allow", "done"),
    [("es", "Permitir", "Permitido."), ("en", "Allow", "Allowed.")],
    ids=["es", "en"],
)
def test_a_code_is_typed_and_allowed(
    browser: Browser, live_server: Any, student: User, language: str, allow: str, done: str
) -> None:
    page = visit(browser, live_server, user=student, width=390, theme="light", language=language)
    page.goto(PATH)
    submit(page, begin().lower().replace("-", " "))
    page.get_by_text(LONG_NAME).wait_for()
    page.get_by_role("button", name=allow).click()
    page.get_by_text(done).wait_for()
    assert (DeviceSignIn.objects.get().state, DeviceSignIn.objects.get().person) == ("allowed", student)


def test_it_works_without_javascript(browser: Browser, live_server: Any, student: User) -> None:
    cookies = visit(browser, live_server, user=student, width=390, theme="light", language="en").context.cookies()
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(PATH)
    submit(page, begin())
    decide(page, "deny")
    assert DeviceSignIn.objects.get().state == "denied"
