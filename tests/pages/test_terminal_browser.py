"""The terminal's page in a real browser, against a server of shells that keeps the contract."""

import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from accounts.models import User
from machines.models import Machine
from tests.chromium import in_a_browser
from tests.factories import make_machine
from tests.pages.beside_live import let_pages_reach
from tests.pages.shell_server import ShellServer
from tests.pages.test_browser import faults, visit
from tests.pages.test_terminal_page import with_own_key
from tests.waiting import until

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]
WATCH = """window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => refused.push(event.violatedDirective + " " + event.blockedURI));"""

PASTE = """text => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
  document.querySelector(".xterm-helper-textarea").dispatchEvent(event);
}"""


@pytest.fixture
def shells(settings: Any) -> Iterator[ShellServer]:
    server = ShellServer()
    let_pages_reach(settings, server.url)
    yield server
    server.stop()


@pytest.fixture
def machine(student: User) -> Machine:
    return with_own_key(make_machine(student, name="condor"))


@pytest.fixture
def page(browser: Browser, live_server: Any, shells: ShellServer, machine: Machine) -> Page:
    page = visit(browser, live_server, user=machine.owner, width=1280, theme="light", language="es", axe=True)
    page.add_init_script(WATCH)
    page.goto(f"/machines/{machine.pk}/terminal/")
    return page


def typed(shells: ShellServer, what: bytes, number: int = 1) -> None:
    """Wait until the shell of this line was sent all of it, and nothing else."""
    visit = shells.visit(number)
    until(lambda: visit.typed == what, f"{visit.typed!r} becomes {what!r}")


def says(page: Page, text: str) -> None:
    expect(page.locator("#line-state")).to_have_text(text)


def shown(page: Page, text: str) -> None:
    expect(page.locator(".xterm-rows")).to_contain_text(text)


# ---- it shows and takes ----


@pytest.mark.parametrize(
    ("language", "looks"), [("es", [(1280, "light"), (390, "dark")]), ("en", [(390, "light"), (1280, "dark")])]
)
def test_axe_finds_nothing_and_nothing_is_too_wide(
    page: Page, shells: ShellServer, language: str, looks: list[tuple[int, str]]
) -> None:
    page.context.add_cookies([{"name": "django_language", "value": language, "url": page.url}])
    page.reload()
    shells.visit(2).show("\x1b]0;debian@condor: ~/una/carpeta/muy/larga\x07\x1b[34mazul\x1b[90mgris\x1b[0m $ ")
    expect(page.locator(".xterm-rows")).to_contain_text("gris")
    shells.visit(2).say(type="names", names=["1", "2"])
    page.locator("#shell-menu > summary").click()
    wrong = faults(page, f"terminal-{language}", *looks)
    page.locator("[data-do=close]").click()
    wrong += faults(page, f"terminal-{language}-closing", looks[0])
    page.keyboard.press("Escape")
    shells.opens = False
    shells.visit(2).end(1012)
    shells.visit(3).say(type="wait", place=3)
    wrong += faults(page, f"terminal-{language}-connecting", looks[1])
    shells.visit(3).end(4004, "No.")
    expect(page.locator("#ssh-instead")).to_be_visible()
    assert wrong + faults(page, f"terminal-{language}-refused", looks[0]) == []


def test_the_shell_is_shown_in_its_colors_and_takes_keys_under_the_csp(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    shells.visit().show("\x1b[32mverde\x1b[0m $ ")
    expect(page.locator(".xterm-rows span.xterm-fg-2")).to_have_css("color", "rgb(111, 214, 181)")
    page.keyboard.type("ls ñ")
    typed(shells, "ls ñ".encode())
    assert page.evaluate("refused") == []


def test_what_was_shown_is_acknowledged_and_the_window_s_size_told(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    shells.visit().show("x" * 200_000)
    until(lambda: shells.visit().acknowledged > 200_000 - 16_384, "it is acknowledged")
    page.set_viewport_size({"width": 600, "height": 500})
    until(lambda: shells.visit().frames[-1]["type"] == "resize" and shells.visit().frames[-1]["cols"] < 80, "told")


def test_an_echo_is_acknowledged_with_what_comes_later(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    for word in ("uno", "dos"):
        shells.visit().show(word)
        shown(page, word)
    shells.visit().show("x" * 16_384)
    until(lambda: shells.visit().acknowledged > 0, "told")
    assert [frame["bytes"] for frame in shells.visit().frames if frame["type"] == "ack"] == [16_390]


def test_the_page_is_light_for_what_it_is(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response))
    page.reload(wait_until="networkidle")
    bodies = {response.url: response.body() for response in responses if response.status == 200}
    assert any("xterm.mjs" in url for url in bodies)
    sizes = {url: min(len(body), len(gzip.compress(body))) for url, body in bodies.items()}
    assert sum(sizes.values()) < 170_000, sizes  # see docs/adr/0124


def test_emoji_are_as_wide_as_programs_think(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    shells.visit().show("\U0001f980\x1b[6n")
    typed(shells, b"\x1b[1;3R")


# ---- the line ----


def test_a_cut_line_comes_back_where_it_was(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    shells.visit().show("antes")
    shown(page, "antes")
    shells.opens = False
    shells.visit().end(1011)
    assert shells.visit(2).asked["seen"] == "5"
    assert shells.visit(2).asked["life"] == "a"
    shells.visit(2).open(at=5)
    shells.visit(2).show(" y ahora")
    expect(page.locator(".shell-place")).to_contain_text("antes y ahora")


def test_who_waits_in_the_queue_is_told_their_place_and_never_of_an_error(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    shells.opens = False
    shells.visit().end(1012)
    shells.visit(2).say(type="wait", place=3)
    says(page, "Conectando… (hay 3 antes que tú)")
    expect(page.locator("#line-note")).to_be_hidden()


def test_opened_elsewhere_it_is_taken_back_with_a_press(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    shells.visit().end(4001)
    says(page, "En otra ventana")
    page.get_by_role("button", name="Usarla aquí").click()
    says(page, "Conectada")


@pytest.mark.parametrize(
    ("code", "button"), [(4000, "Abrir una nueva"), (4003, "Intentar de nuevo"), (4004, "Intentar de nuevo"), (4008, "Intentar de nuevo")]
)  # fmt: skip
def test_an_end_says_why_and_what_to_do(page: Page, shells: ShellServer, code: int, button: str) -> None:
    says(page, "Conectada")
    shells.visit().end(code, "Por <b>esto</b>.")
    expect(page.locator("#line-note p")).to_have_text("Por <b>esto</b>.")
    page.get_by_role("button", name=button).click()
    says(page, "Conectada")


def test_a_new_shell_after_a_restart_is_told_where_no_tmux_kept_the_old_one(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    shells.opens = False
    shells.visit().end(1012)
    shells.visit(2).open(life="b", shell="t", survives=False)
    expect(page.locator("#line-note p")).to_contain_text("Esta es una terminal nueva")
    page.get_by_role("button", name="De acuerdo").click()
    expect(page.locator("#line-note")).to_be_hidden()


def test_when_nobody_answers_it_says_so_and_how_to_come_in(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    shells.stop()
    expect(page.locator("#line-note")).to_contain_text("no están disponibles en este momento")
    expect(page.locator("#ssh-instead")).to_contain_text("ssh ")


# ---- hands ----


def paste(page: Page, text: str) -> None:
    page.evaluate(PASTE, text)


def test_more_than_one_line_is_asked_about_and_loses_its_control_characters(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    paste(page, "ls\x1b[201~\nrm <b>x")
    expect(page.locator("#paste-ask pre")).to_have_text("ls[201~ rm <b>x")
    page.locator("#paste-ask button.main").click()
    typed(shells, b"ls[201~\rrm <b>x")


def test_a_paste_that_is_refused_is_not_typed(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    paste(page, "uno\ndos")
    page.locator("#paste-ask").get_by_role("button", name="Cancelar").click()
    paste(page, "tres")
    typed(shells, b"tres")


def test_the_text_grows_with_a_key_and_stays_so(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    page.keyboard.press("Control++")
    page.reload()
    says(page, "Conectada")
    expect(page.locator(".xterm-rows")).to_have_css("font-size", "15px")


def test_search_finds_what_was_shown(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    shells.visit().show("aguja en el pajar, otra aguja")
    page.keyboard.press("Control+Shift+F")
    page.keyboard.type("aguja")
    page.keyboard.press("Enter")
    expect(page.locator("#search [data-count]")).to_have_text("2/2")
    page.keyboard.press("Escape")
    expect(page.locator("#search")).to_be_hidden()
    assert shells.visit().typed == b""


def test_help_for_screen_readers_is_a_switch(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    page.locator("#shell-menu > summary").click()
    page.get_by_role("switch").click()
    shells.visit().show("leído")
    expect(page.locator(".xterm-accessibility")).to_contain_text("leído")


# ---- links ----


def link(page: Page, *keys: Any) -> None:
    """Press what the shell shows at its beginning."""
    page.locator(".xterm-screen").hover(position={"x": 12, "y": 8})
    page.locator(".xterm-screen").click(position={"x": 20, "y": 8}, modifiers=keys)


def test_a_hidden_address_is_shown_before_it_is_opened(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    shells.visit().show("\x1b]8;;https://evil.example/x\x1b\\https://good.example\x1b]8;;\x1b\\")
    expect(page.locator(".xterm-rows")).to_contain_text("good")
    link(page)
    expect(page.locator("#link-ask [data-address]")).to_have_text("https://evil.example/x")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "file:///etc/passwd"])
def test_an_address_that_is_not_of_the_web_leads_nowhere(page: Page, shells: ShellServer, address: str) -> None:
    says(page, "Conectada")
    shells.visit().show(f"\x1b]8;;{address}\x1b\\pulsa aquí\x1b]8;;\x1b\\")
    expect(page.locator(".xterm-rows")).to_contain_text("pulsa")
    link(page)
    expect(page.locator("#link-ask")).to_be_hidden()


def test_a_plain_address_opens_with_ctrl_and_else_asks(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    shells.visit().show("http://localhost:1/a b")
    expect(page.locator(".xterm-rows")).to_contain_text("localhost")
    link(page)
    expect(page.locator("#link-ask [data-address]")).to_have_text("http://localhost:1/a")
    page.keyboard.press("Escape")
    with page.expect_popup():
        link(page, "Control")


def test_a_shell_cannot_write_the_clipboard(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    page.evaluate("() => { navigator.clipboard.writeText = async () => { window.written = true; }; }")
    shells.visit().show("\x1b]52;c;aG9sYQ==\x07listo")
    expect(page.locator(".xterm-rows")).to_contain_text("listo")
    assert not page.evaluate("window.written")
