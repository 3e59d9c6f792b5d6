"""A run of one action for ten machines, in a browser: chosen, shown in numbers, started, followed to its end, with one that is refused."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.models import Notice, User
from machines import actions, bulk_work
from machines.models import Machine
from tests.chromium import in_a_browser
from tests.factories import make_machine
from tests.pages.test_browser import AXE, faults, visit

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]
REASON = "It is going to sleep or sleeping already."


@pytest.fixture
def ten(student: User, student2: User) -> list[Machine]:
    """Nine that run, of two people, and one that sleeps."""
    running = [make_machine((student, student2)[n % 2], name=f"m{n}") for n in range(9)]
    return [*running, make_machine(student, name="asleep", state="suspended")]


def wrong_with(page: Page, name: str) -> list[str]:
    """Ask axe in both themes and widths; nothing where it is not installed."""
    return faults(page, f"bulk-{name}", (1280, "light"), (390, "dark")) if AXE.exists() else []


def chosen(page: Page, machines: list[Machine], verb: str) -> None:
    page.goto("/manage/machines/")
    for machine in machines:
        page.get_by_role("checkbox", name=f"{machine.name}, ").check()
    page.locator("#verb").select_option(verb)


def stays_while_nothing_is_new(page: Page) -> bool:
    """Return whether the heading is the same element after the page has asked."""
    page.evaluate("document.querySelector('#run h2').isTheSame = true")
    page.evaluate("new Promise((done) => document.addEventListener('htmx:afterRequest', done, { once: true }))")
    return bool(page.evaluate("document.querySelector('#run h2').isTheSame"))


def test_ten_machines_are_put_to_sleep_and_one_is_refused(
    browser: Browser, live_server: Any, ten: list[Machine], admin: User
) -> None:
    page = visit(browser, live_server, user=admin, width=1280, theme="light", language="en", axe=AXE.exists())
    said = page.locator("#run h2").first
    chosen(page, ten, "suspend")
    wrong = wrong_with(page, "chosen")
    page.get_by_role("button", name="Continue").click()

    expect(said).to_contain_text("9 of 10 will change")
    expect(page.locator("#run")).to_contain_text("1 Sleeping")
    wrong += wrong_with(page, "preview")
    actions.suspend(machine=ten[0], by=ten[0].owner)  # its owner was quicker
    page.get_by_role("button", name="Put 9 to sleep").click()
    expect(said).to_contain_text("Under way: 0 of 9")
    wrong += wrong_with(page, "running")
    page.locator("#which").click()
    assert stays_while_nothing_is_new(page)
    bulk_work.carry_out(timezone.now())

    expect(said).to_contain_text("Done: 8 of 9")  # by itself; the fold below stays open
    expect(page.locator("#said")).to_have_text("Done: 8 of 9")
    assert page.locator("#run[hx-trigger]").count() == 0  # it asks no more
    expect(page.locator("#run li", has_text="1 refused:")).to_contain_text(REASON)
    for name, outcome in (("m0", REASON), ("m1", "Done")):
        expect(page.locator("#run .list li", has_text=name)).to_contain_text(outcome)
        expect(page.locator("#run .list li", has_text=name)).to_be_visible()
    wrong += wrong_with(page, "done")
    assert wrong == []
    assert Notice.objects.filter(kind="machine.bulk").count() == 2
