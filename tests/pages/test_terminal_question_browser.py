"""The idle question below a terminal, in a real browser: it comes by itself, is answered with a tap, and the page stays."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from machines.models import Answer, Machine
from tests.chromium import in_a_browser
from tests.machines.idle.asked import asked, told, visited
from tests.pages.shell_server import ShellServer
from tests.pages.test_browser import AXE, look, visit
from tests.pages.test_terminal_browser import shells as shells
from tests.pages.test_terminal_page import with_own_key

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("questions-in-a-browser")]
pytestmark += [pytest.mark.usefixtures("shells")]


@pytest.fixture
def machine(transactional_db: None) -> Machine:
    owner = User.objects.create_user(username="ana", password="minga", language="es")
    return with_own_key(visited(owner, name="condor"))


def opened(browser: Browser, live_server: Any, machine: Machine, width: int = 1280) -> Page:
    """Open its terminal. A mark in the window goes with the page, if that is loaded anew."""
    page = visit(browser, live_server, user=machine.owner, width=width, theme="light", language="es")
    page.goto(f"/machines/{machine.pk}/terminal/")
    page.evaluate("window.isSamePage = true")
    return page


def tell(page: Page, machine: Machine) -> None:
    """Tell the page that something of the machine has changed, as the stream of events does."""
    page.evaluate(
        "id => document.dispatchEvent(new CustomEvent('minga:event', {detail: {type: 'change', id}}))", str(machine.pk)
    )


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize(("language", "width", "theme"), [("es", 390, "light"), ("en", 1280, "dark")])
def test_it_is_sound(
    browser: Browser, live_server: Any, machine: Machine, language: str, width: int, theme: str
) -> None:
    told(asked(machine))
    User.objects.update(language=language)
    page = visit(browser, live_server, user=machine.owner, width=width, theme=theme, language=language, axe=True)
    path = f"/machines/{machine.pk}/terminal/"
    looks = [(width, "light"), (width, "dark")]
    assert look(page, path, f"terminal-asked-{language}", *looks) == []


def test_it_comes_by_itself_and_one_tap_answers_without_a_reload(
    browser: Browser, live_server: Any, machine: Machine
) -> None:
    page = opened(browser, live_server, machine)
    asked(machine)
    tell(page, machine)
    page.locator("#row-say-more").click()
    expect(page.locator(".ask")).to_have_count(0)
    assert Answer.objects.get().choice == "more"
    assert page.evaluate("window.isSamePage") is True


def test_after_the_answer_the_keyboard_is_the_terminals(
    browser: Browser, live_server: Any, shells: ShellServer, machine: Machine
) -> None:
    asked(machine)
    page = opened(browser, live_server, machine)
    shells.visit().show("$ ")
    page.locator("#row-say-more").press("Enter")
    expect(page.locator(".xterm-helper-textarea")).to_be_focused()


def test_a_phone_has_the_other_answers_in_a_menu(browser: Browser, live_server: Any, machine: Machine) -> None:
    asked(machine)
    page = opened(browser, live_server, machine, width=390)
    expect(page.locator("#row-say-4h")).to_be_hidden()
    page.locator("#asked-others").click()
    page.locator("#menu-say-sleep").click()
    expect(page.locator(".ask")).to_have_count(0)
    assert Machine.objects.get().wanted == "suspended"
