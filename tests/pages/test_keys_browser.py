"""Keys in a real browser: what is seen at once on a phone, and the steps of one's own system."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from accounts.actions import make_key
from accounts.models import User
from machines import installed_keys
from machines.host_keys import disk_of
from machines.models import Machine
from tests.chromium import in_a_browser
from tests.factories import make_machine
from tests.pages.test_browser import AXE, faults, visit

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("accounts-in-a-browser")]


@pytest.fixture
def machine(student: User) -> Machine:
    key = make_key(owner=student, name="laptop", by=student)[0]
    machine = make_machine(student, name="condor")
    installed_keys.put_in(disk_of(machine), student, [key.public_key])
    return machine


def shown_steps(page: Page) -> list[str]:
    """Return the last class of the steps that can be seen."""
    return page.locator("#live .for:visible").evaluate_all("all => all.map(one => one.className.split(' ').at(-1))")  # type: ignore[no-any-return]


def test_a_key_is_made_without_scrolling_on_a_phone(browser: Browser, live_server: Any, machine: Machine) -> None:
    page = visit(browser, live_server, user=machine.owner, width=390, theme="light", language="es")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/keys/")
    box = page.locator("form[action='/keys/make/'] button").bounding_box()
    tabs = page.locator("nav.tabs").bounding_box()
    assert box is not None
    assert tabs is not None
    assert box["y"] + box["height"] < tabs["y"]


def test_only_the_chosen_systems_steps_are_seen_and_stay_so(
    browser: Browser, live_server: Any, machine: Machine
) -> None:
    page = visit(browser, live_server, user=machine.owner, width=390, theme="light", language="en")
    page.goto(f"/machines/{machine.pk}/")
    page.locator("#systems-summary").click()
    assert shown_steps(page) == ["for-unix"]
    page.locator("#system-windows").check()
    assert shown_steps(page) == ["for-windows"]
    page.evaluate("path => htmx.ajax('GET', path, {target: '#live', swap: 'outerHTML'})", f"{page.url}live/")
    assert shown_steps(page) == ["for-windows"]


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize(("width", "theme", "language"), [(360, "dark", "es"), (1280, "light", "en")])
def test_steps_and_the_page_that_asks_are_sound(
    browser: Browser, live_server: Any, machine: Machine, width: int, theme: str, language: str
) -> None:
    page = visit(browser, live_server, user=machine.owner, width=width, theme=theme, language=language, axe=True)
    wrong = []
    page.goto(f"/machines/{machine.pk}/")
    page.locator("#systems-summary").click()
    for system in ("windows", "unix"):
        page.locator(f"#system-{system}").check()
        wrong += faults(page, f"steps-{system}-{language}", (width, theme))
    for program in ("copying", "code", "putty"):
        page.locator(f"#{program}-summary").click()
    wrong += faults(page, f"programs-{language}", (width, theme))
    page.goto("/keys/")
    page.get_by_role("link", name="laptop").last.click()
    page.wait_for_url("**/remove/")
    wrong += faults(page, f"remove-{language}", (width, theme))
    assert wrong == []
