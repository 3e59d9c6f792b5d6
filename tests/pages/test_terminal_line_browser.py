"""A terminal whose line is away: keys that are typed meanwhile, and how its page notices that the line is dead."""

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import in_a_browser
from tests.pages.shell_server import ShellServer
from tests.pages.test_terminal_browser import machine as machine
from tests.pages.test_terminal_browser import page as page
from tests.pages.test_terminal_browser import paste, says, typed
from tests.pages.test_terminal_browser import shells as shells
from tests.waiting import until

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]
WAITS = "Lo que escribes espera"
UNSENT = "no se envió"
UNSURE = "quizá no llegó"
SHOWN = {
    "visibilitychange": "document.dispatchEvent(new Event('visibilitychange'))",
    "pageshow": "dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))",
}


def cut(page: Page, shells: ShellServer) -> None:
    """Cut the line of an open shell. The next one opens when the test says so."""
    says(page, "Conectada")
    shells.opens = False
    shells.visit().end(1011)
    says(page, "Conectando…")


def told(page: Page, words: str) -> None:
    expect(page.locator("#typed-state")).to_contain_text(words)


def only_what_comes_now_is_sent(page: Page, shells: ShellServer) -> None:
    """Bring the same shell back, and type on."""
    shells.visit(2).open(shell="s")
    says(page, "Conectada")
    page.keyboard.type("b")
    typed(shells, b"b", 2)


# ---- keys while it connects again ----


def test_what_is_typed_meanwhile_reaches_the_same_shell_in_its_order(page: Page, shells: ShellServer) -> None:
    cut(page, shells)
    page.keyboard.type("ls ñ")
    page.keyboard.press("Enter")
    told(page, WAITS)
    shells.visit(2).open(shell="s")
    typed(shells, "ls ñ\r".encode(), 2)
    expect(page.locator("#typed-state")).to_be_empty()


def test_it_never_reaches_another_shell(page: Page, shells: ShellServer) -> None:
    cut(page, shells)
    page.keyboard.type("rm x")
    shells.visit(2).open(shell="another")
    told(page, UNSENT)
    expect(page.locator("#line-note p")).to_contain_text("Esta es una terminal nueva")
    page.keyboard.type("ls")
    typed(shells, b"ls", 2)
    expect(page.locator("#typed-state")).to_be_empty()


def test_of_too_much_nothing_is_sent(page: Page, shells: ShellServer) -> None:
    cut(page, shells)
    page.keyboard.type("a")
    paste(page, "x" * 4096)
    page.keyboard.press("Enter")
    told(page, UNSENT)
    only_what_comes_now_is_sent(page, shells)


def test_after_ten_seconds_nothing_is_sent(page: Page, shells: ShellServer) -> None:
    page.clock.install()
    cut(page, shells)
    page.keyboard.type("a")
    shells.visit(2)
    page.clock.fast_forward(10_100)
    told(page, UNSENT)
    only_what_comes_now_is_sent(page, shells)


def test_after_a_key_that_may_be_lost_none_is_kept(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    page.keyboard.type("cd x")
    typed(shells, b"cd x")
    cut(page, shells)
    told(page, UNSURE)
    page.keyboard.type("rm *")
    told(page, UNSENT)
    only_what_comes_now_is_sent(page, shells)


def test_the_mouse_is_no_key_and_a_line_in_the_box_stays_there(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    shells.visit().show("\x1b[?1003h\x1b[?1006h")
    until(lambda: shells.visit().acknowledged > 0, "shown")
    cut(page, shells)
    page.locator(".xterm-screen").hover()
    page.mouse.move(300, 300)
    page.set_viewport_size({"width": 390, "height": 800})
    page.locator("#typed").fill("ls")
    page.locator("#typed").press("Enter")
    expect(page.locator("#typed")).to_have_value("ls")
    expect(page.locator("#typed-state")).to_be_empty()


# ---- a machine that does not answer yet ----


def test_the_reason_stays_while_it_tries_again(page: Page, shells: ShellServer) -> None:
    note = page.locator("#line-note p")
    cut(page, shells)
    for number in range(2, 6):
        shells.visit(number).end(4004, "Aún arranca.", again=True)
        expect(note).to_have_text("Aún arranca.")
    shells.visit(6)
    expect(note).to_have_text("Aún arranca.")
    shells.visit(6).open(shell="s")
    expect(note).to_be_empty()


# ---- a line that is dead without a word ----


@pytest.mark.parametrize("event", SHOWN)
def test_a_page_that_is_shown_again_leaves_a_dead_line(page: Page, shells: ShellServer, event: str) -> None:
    page.clock.install()
    says(page, "Conectada")
    shells.answers = False
    page.evaluate(SHOWN[event])
    until(lambda: {"type": "ping"} in shells.visit().frames, "it was asked")
    page.clock.fast_forward(4100)
    assert shells.visit(2).asked["life"] == "a"
    says(page, "Conectada")


@pytest.mark.parametrize("event", SHOWN)
def test_a_page_that_is_shown_again_connects_at_once(page: Page, shells: ShellServer, event: str) -> None:
    says(page, "Conectada")
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))  # it would wait for ever
    shells.visit().end(1011)
    says(page, "Conectando…")
    page.evaluate(SHOWN[event])
    assert shells.visit(2).asked["life"] == "a"


def test_a_line_that_stands_is_left_alone(page: Page, shells: ShellServer) -> None:
    page.clock.install()
    says(page, "Conectada")
    page.evaluate(SHOWN["pageshow"])
    until(lambda: {"type": "ping"} in shells.visit().frames, "it was asked")
    shells.visit().show("after the answer")
    expect(page.locator(".xterm-rows")).to_contain_text("after the answer")
    page.clock.fast_forward(20_000)
    says(page, "Conectada")
    assert len(shells.visits) == 1


def test_a_device_with_another_network_connects_anew(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    page.evaluate("dispatchEvent(new Event('online'))")
    assert shells.visit(2).asked["life"] == "a"


def test_a_line_that_dies_while_somebody_types_is_left(page: Page, shells: ShellServer) -> None:
    page.clock.install()
    says(page, "Conectada")
    shells.answers = False
    page.keyboard.type("ls")
    typed(shells, b"ls")
    page.clock.fast_forward(2100)
    until(lambda: {"type": "ping"} in shells.visit().frames, "it was asked")
    page.clock.fast_forward(4100)
    assert shells.visit(2).asked["life"] == "a"
    told(page, UNSURE)


HIDDEN = "Object.defineProperty(document, 'hidden', {value: true, configurable: true})"


@pytest.fixture
def still(page: Page, shells: ShellServer) -> Page:
    """A page on which the last word came just now, by its own clock."""
    says(page, "Conectada")
    page.clock.install()
    shells.visit().show("the last word")
    expect(page.locator(".xterm-rows")).to_contain_text("the last word")
    return page


def test_a_page_that_is_only_looked_at_notices_a_dead_line_within_half_a_minute(
    still: Page, shells: ShellServer
) -> None:
    shells.answers = False
    still.clock.fast_forward(20_100)
    until(lambda: {"type": "ping"} in shells.visit().frames, "it was asked")
    still.clock.fast_forward(4100)
    assert shells.visit(2).asked["life"] == "a"


def test_a_page_that_nobody_sees_asks_nothing(still: Page, shells: ShellServer) -> None:
    still.evaluate(HIDDEN)
    still.clock.fast_forward(60_000)
    still.keyboard.type("a")
    typed(shells, b"a")
    assert {"type": "ping"} not in shells.visit().frames
