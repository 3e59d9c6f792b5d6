"""Offering and following in a real browser: by keyboard and on a phone, without a script, and nothing that axe finds."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.donors import donor_links
from accounts.models import User
from nodes.models import Donation
from tests.chromium import in_a_browser
from tests.nodes.donated import OLD, PC, donor_of, offered, stepped
from tests.pages.test_browser import AXE, faults, look, visit

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]
LOOKS = {"es": [(390, "light"), (1280, "dark")], "en": [(1280, "light"), (390, "dark")]}
needs_axe = pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")


def opened(browser: Browser, live_server: Any, language: str, user: User | None = None) -> Page:
    (width, theme), *_others = LOOKS[language]
    return visit(browser, live_server, user=user, width=width, theme=theme, language=language, axe=True)


@needs_axe
@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing_on_the_form(browser: Browser, live_server: Any, language: str) -> None:
    page, looks = opened(browser, live_server, language), LOOKS[language]
    wrong = look(page, "/donate/", f"{language}-donate", *looks)
    page.locator(".main[name=check]").click()
    wrong += faults(page, f"{language}-donate-faults", *looks)
    page.locator("[value=desktop]").check()
    page.locator("[name=c0-model]").fill("Dell OptiPlex 780")
    page.locator("[name=add]").click()
    page.locator("[name=c1-kind][value=laptop]").check()
    page.locator("[name=c1-bits]").select_option("32")
    page.locator(".main[name=check]").click()
    wrong += faults(page, f"{language}-donate-answers", *looks)
    page.locator(".main[name=offer]").click()
    wrong += faults(page, f"{language}-donate-who", *looks)
    wrong += look(page, "/donate/done/", f"{language}-donate-done", *looks)
    wrong += look(page, "/accounts/login/", f"{language}-login", *looks)
    assert wrong == []


@needs_axe
@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing_on_the_donors_pages(
    browser: Browser, live_server: Any, language: str, donor: User, admin: User
) -> None:
    mine = offered(PC, OLD)
    path, page, looks = (
        f"/given/{donor_links.token(mine.donor)}/",
        opened(browser, live_server, language),
        LOOKS[language],
    )
    stepped(mine.computers.all()[0], "accept", "receive", "wipe", by=admin, grams=8200)
    wrong = look(page, path, f"{language}-given", *looks)
    page.locator("details:has(form) > summary").click()
    page.locator("details:has(form) button").click()
    wrong += faults(page, f"{language}-given-fault", *looks)
    wrong += look(page, "/given/x/", f"{language}-given-ended", *looks)
    wrong += look(page, "/given/again/", f"{language}-given-again", *looks)
    page = opened(browser, live_server, language, donor)
    wrong += look(page, "/donating/", f"{language}-home-empty", *looks)
    tied = offered(PC, PC, OLD, donor=donor_of("donor@example.org", user=donor))
    stepped(tied.computers.all()[0], "accept", "receive", "wipe", "test", "put_in_service", by=admin, grams=8200)
    stepped(tied.computers.all()[1], "accept", "receive", "wait_for_parts", by=admin, grams=9100)
    many = offered(*[PC] * 15, OLD, OLD, donor=tied.donor)
    for each in many.computers.all()[:9]:
        stepped(each, "accept", "receive", by=admin, grams=8000)
    wrong += look(page, "/donating/", f"{language}-home", *looks)
    assert wrong == []


@needs_axe
@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing_where_a_donor_erases_their_data(browser: Browser, live_server: Any, language: str) -> None:
    donor, page, looks = offered(message="A word").donor, opened(browser, live_server, language), LOOKS[language]
    wrong = look(page, f"/given/{donor_links.token(donor)}/data/", f"{language}-given-data", *looks)
    wrong += look(page, f"/given/{donor_links.erasure_token(donor)}/erase/", f"{language}-given-erase", *looks)
    page.locator("#main .danger").click()
    wrong += faults(page, f"{language}-given-erased", *looks)
    assert wrong == []
    assert Donation.objects.get().message == ""


def test_two_computers_are_offered_without_a_script_and_nothing_is_lost(browser: Browser, live_server: Any) -> None:
    context = browser.new_context(
        java_script_enabled=False, base_url=live_server.url, viewport={"width": 390, "height": 800}
    )
    page = context.new_page()
    page.goto("/donate/")
    page.locator("[value=desktop]").check()
    page.locator("[name=c0-model]").fill("Dell OptiPlex 780")
    page.locator("[name=c0-model]").press("Enter")  # an answer, not an offer
    expect(page.locator(".pill", has_text="It may help")).to_be_visible()
    page.locator("[name=name]").fill("Carlos")
    page.locator("[name=add]").click()
    expect(page.get_by_role("heading", name="Computer 2")).to_be_focused()
    page.locator("[name=c1-kind][value=laptop]").check()
    page.locator("[name=c1-cpu]").fill("Pentium 4")
    page.locator(".main[name=check]").click()
    expect(page.locator(".pill", has_text="It cannot carry machines")).to_be_visible()
    expect(page.locator("[name=name]")).to_have_value("Carlos")
    page.locator(".main[name=offer]").click()
    expect(page.locator("#id_email_error")).to_be_visible()
    expect(page.locator("[name=email]")).to_be_focused()
    page.locator("[name=email]").fill("carlos@example.org")
    page.locator("[name=handover][value=fetch]").check()
    page.locator(".main[name=offer]").click()
    expect(page.get_by_role("heading", name="Thank you for your offer")).to_be_visible()
    assert [row.model for row in Donation.objects.get().computers.all()] == ["Dell OptiPlex 780", ""]


def test_the_list_is_confirmed_by_the_link(browser: Browser, live_server: Any, admin: User) -> None:
    donation = offered()
    stepped(donation.computers.all()[0], "accept", "receive", by=admin)
    page = visit(browser, live_server, user=None, width=390, theme="light", language="en")
    page.goto(f"/given/{donor_links.token(donation.donor)}/")
    page.get_by_role("button", name="Yes, this is what I gave").click()
    expect(page.get_by_text("We have written down what you said.")).to_be_visible()
    donation.refresh_from_db()
    assert donation.confirmed == "yes"


def test_on_a_phone_the_verdict_and_the_button_stay_at_the_thumb(browser: Browser, live_server: Any) -> None:
    page = visit(browser, live_server, user=None, width=390, theme="light", language="en")
    page.goto("/donate/")
    page.locator("[value=desktop]").check()
    button = page.get_by_role("button", name="See whether it helps")
    assert _is_at_the_thumb(page, button)
    button.click()
    expect(page.locator(".actionbar")).to_contain_text("It may help")
    assert _is_at_the_thumb(page, page.get_by_role("button", name="Offer this computer"))


def _is_at_the_thumb(page: Page, button: Locator) -> bool:
    box, screen = button.bounding_box(), page.viewport_size
    assert box is not None
    assert screen is not None
    return screen["height"] / 2 < box["y"] and box["y"] + box["height"] <= screen["height"] and box["height"] >= 44
