"""The launch page in a real browser: a card whose system is still being made becomes one to launch from, by itself."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from accounts.models import User
from catalog.models import Image
from tests.chromium import in_a_browser
from tests.factories import grant, make_template
from tests.pages.test_browser import visit

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]
NEVER_BY_ITSELF = "document.querySelectorAll('[hx-get]').forEach((part) => { part.dataset.pace = 3600000; })"
LOOK_NOW = "document.dispatchEvent(new Event('visibilitychange'))"  # as when somebody comes back to the page


def test_a_card_is_there_as_soon_as_its_system_is(browser: Browser, live_server: Any, student: User) -> None:
    grant(student)
    image = make_template("debian").image
    Image.objects.filter(pk=image.pk).update(ready=False, status="building")
    page = visit(browser, live_server, user=student, width=390, theme="light", language="en")
    page.goto("/launch/")
    card = page.locator("#card-debian")
    expect(card).to_contain_text("is being made")
    page.evaluate("window.stayed = true")
    page.evaluate(NEVER_BY_ITSELF)
    Image.objects.filter(pk=image.pk).update(ready=True, status="")
    page.evaluate(LOOK_NOW)
    expect(card.locator("button.main")).to_have_text("Launch")
    assert page.evaluate("window.stayed") is True
    assert card.get_attribute("hx-get") is None


def test_other_cards_ask_for_nothing(browser: Browser, live_server: Any, student: User) -> None:
    grant(student)
    make_template("debian")
    page = visit(browser, live_server, user=student, width=390, theme="light", language="en")
    page.goto("/launch/")
    assert page.locator("[hx-get]").count() == 0
