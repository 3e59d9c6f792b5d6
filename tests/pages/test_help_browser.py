"""Help and the API's reference in a real browser: sound at both widths, in both themes and languages, light, and led by the keyboard."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Response, expect

from accounts.models import User
from tests.chromium import in_a_browser
from tests.pages.test_browser import AXE, LIGHT, faults, look, on_the_wire, visit

PAGES = ["/help/?q=ssh+key", "/help/keys/", "/help/idle/"]
pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("accounts-in-a-browser")]


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize(
    ("language", "looks"),
    [("es", [(360, "light"), (1280, "dark")]), ("en", [(1280, "light"), (360, "dark")])],
    ids=["es", "en"],
)
def test_help_is_sound(
    browser: Browser, live_server: Any, admin: User, language: str, looks: list[tuple[int, str]]
) -> None:
    (width, theme), *_others = looks
    page = visit(browser, live_server, user=admin, width=width, theme=theme, language=language, axe=True)
    wrong = [fault for path in PAGES for fault in look(page, path, f"help-{path[6:10]}-{language}", *looks)]
    stranger = visit(browser, live_server, user=None, width=width, theme=theme, language=language, axe=True)
    assert wrong + look(stranger, "/help/signing-in/", f"help-signed-out-{language}", *looks) == []


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
def test_the_reference_is_sound(browser: Browser, live_server: Any, admin: User) -> None:
    """Look at it in one language: all but its frame is English. It is the largest page of all, so axe takes seconds for each look."""
    page = visit(browser, live_server, user=admin, width=360, theme="light", language="es", axe=True)
    page.goto("/api/docs/")
    page.evaluate("document.querySelectorAll('.calls details').forEach((each, n) => { each.open = n % 9 === 0; })")
    assert faults(page, "reference-es", (360, "light"), (1280, "dark")) == []


@pytest.mark.parametrize("path", ["/api/docs/", "/help/api/", "/help/settings/"])
def test_the_longest_pages_are_light(browser: Browser, live_server: Any, admin: User, path: str) -> None:
    page = visit(browser, live_server, user=admin, width=360, theme="light", language="en")
    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response))
    page.goto(path, wait_until="networkidle")
    assert sum(on_the_wire(response) for response in responses) < LIGHT


def test_an_operation_opens_by_the_keyboard_and_by_its_address(browser: Browser, live_server: Any, db: None) -> None:
    page = visit(browser, live_server, user=None, width=1280, theme="light", language="en")
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.goto("/api/docs/#keys_create")
    expect(page.locator("#keys_create-curl")).to_be_visible()
    page.locator("#me_retrieve > summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#me_retrieve-curl")).to_be_visible()
    page.locator("#machines_list a", has_text="MachineOut").dispatch_event("click")
    expect(page.locator("#shape-MachineOut table")).to_be_visible()
    assert refused == []
