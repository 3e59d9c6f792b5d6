"""The terminal's page, the live process and a real sshd: from a press to a prompt, and back to the same shell."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from machines.models import Machine
from tests.chromium import in_a_browser
from tests.live.process import LiveProcess
from tests.live.terminals import guest_stage
from tests.live.terminals.guest_fixtures import home as home
from tests.live.terminals.guest_fixtures import kind as kind
from tests.live.terminals.guest_fixtures import without_tmux as without_tmux
from tests.machines.idle.guest import can_run
from tests.machines.sealed import give_keys
from tests.pages.beside_live import live as live
from tests.pages.test_browser import visit

pytestmark = [
    *in_a_browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("pages-in-a-browser"),
    pytest.mark.slow,
    pytest.mark.skipif(not can_run(), reason="needs sshd, and root for terminals of its own"),
]


@pytest.fixture
def machine(student: User, settings: Any, tmp_path: Path, live: LiveProcess) -> Machine:
    give_keys(settings, tmp_path)
    return guest_stage.machine_with_key(student)


@pytest.fixture
def page(browser: Browser, live_server: Any, machine: Machine, home: Path) -> Page:
    page = visit(browser, live_server, user=machine.owner, width=1280, theme="light", language="en", live=True)
    page.goto("/")
    page.get_by_role("link", name="Open terminal").click()
    expect(page.locator("#line-state")).to_have_text("Connected")
    return page


def runs(page: Page, command: str, shows: str) -> None:
    expect(page.locator("#line-state")).to_have_text("Connected")
    page.locator(".xterm-helper-textarea").focus()
    page.keyboard.type(command)
    page.keyboard.press("Enter")
    expect(page.locator(".xterm-rows")).to_contain_text(shows)


def test_two_presses_lead_to_a_prompt_that_outlives_a_reload(kind: str, page: Page) -> None:
    runs(page, "HERE=$((6*7)); echo [$HERE]", "[42]")
    page.reload()
    runs(page, "echo still-[$HERE]", "still-[42]")


def test_after_a_restart_of_live_the_shell_is_the_same_or_the_page_says_so(
    kind: str, page: Page, live: LiveProcess
) -> None:
    runs(page, "HERE=$((6*7)); echo [$HERE]", "[42]")
    live.stop()
    live.start()
    expect(page.locator("#line-state")).to_have_text("Connected")
    if kind == "tmux":
        runs(page, "echo still-[$HERE]", "still-[42]")
    else:
        expect(page.locator("#line-note")).to_contain_text("This is a new terminal.")


def test_the_shell_of_one_that_wakes_opens_by_itself_and_has_the_whole_place(
    browser: Browser, live_server: Any, machine: Machine, home: Path
) -> None:
    Machine.objects.update(state="waking")
    page = visit(browser, live_server, user=machine.owner, width=1280, theme="light", language="en", live=True)
    page.goto(f"/machines/{machine.pk}/terminal/")
    expect(page.locator("#place")).to_contain_text("opens here by itself")
    Machine.objects.update(state="running")
    expect(page.locator("#line-state")).to_have_text("Connected")
    expect(page.locator("#place")).to_be_hidden()
