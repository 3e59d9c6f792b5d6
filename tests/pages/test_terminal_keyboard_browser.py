"""The terminal's page by keyboard alone: the way out of the shell, and to the button that helps."""

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import in_a_browser
from tests.pages.shell_server import ShellServer
from tests.pages.test_terminal_browser import machine as machine
from tests.pages.test_terminal_browser import page as page
from tests.pages.test_terminal_browser import says
from tests.pages.test_terminal_browser import shells as shells

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]


def test_the_keyboard_gets_out_of_the_shell(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    page.keyboard.press("Control+Shift+ArrowUp")
    expect(page.locator("#shell-menu > summary")).to_be_focused()


def test_tab_leads_from_a_shell_that_ended_to_the_button_for_a_new_one(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    page.locator(".xterm-helper-textarea").focus()
    shells.visit().end(4000)
    says(page, "Cerrada")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Abrir una nueva")).to_be_focused()
    expect(page.locator("#survives")).to_be_empty()
