"""xterm.js and noVNC work on a bare page under the portal's own CSP, without 'unsafe-inline'."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.chromium import in_a_browser
from tests.pages.bare_site import RED, BareSite
from tests.waiting import until

pytestmark = [*in_a_browser, pytest.mark.xdist_group("pages-in-a-browser")]
PAGE = """<!doctype html><html lang="en"><head><title>Bare</title><link rel="stylesheet" href="/xterm/css/xterm.css">
<script src="/watch.js"></script><script type="module" src="{script}"></script></head><body><div id="place"></div></body></html>"""
WATCH = """window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => refused.push(event.violatedDirective + " " + event.blockedURI));"""
TERMINAL = """import { Terminal } from "/xterm/lib/xterm.mjs";
const terminal = new Terminal({ theme: { red: "#fa0102" }, cols: 20, rows: 4 });
terminal.open(document.getElementById("place"));
terminal.onData((text) => { window.typed = (window.typed ?? "") + text; });
terminal.write("\\x1b[31mrojo\\x1b[0m", () => requestAnimationFrame(() => { window.written = true; }));
window.terminal = terminal;"""
SCREEN = """import RFB from "/novnc/core/rfb.js";
const screen = new RFB(document.getElementById("place"), `ws://${location.host}/screen`);
screen.addEventListener("connect", () => { window.written = true; });
"""
PAGES = {
    "/terminal": PAGE.format(script="/terminal.mjs"),
    "/plain": PAGE.format(script="/plain.mjs"),
    "/screen-page": PAGE.format(script="/screen.mjs"),
    "/watch.js": WATCH,
    "/terminal.mjs": 'import "/ours/adopted_styles.js";\n' + TERMINAL,
    "/plain.mjs": TERMINAL,
    "/screen.mjs": SCREEN,
}


@pytest.fixture(scope="module")
def site() -> Iterator[BareSite]:
    site = BareSite(PAGES)
    yield site
    site.stop()


@pytest.fixture
def page(browser: Browser, site: BareSite) -> Page:
    return browser.new_context(base_url=site.url).new_page()


def becomes_true(page: Page, what: str) -> None:
    """Playwright's own way evaluates a text in the page, which the policy refuses."""
    until(lambda: page.evaluate(what), what)


def opened(page: Page, path: str) -> list[str]:
    """Return what the CSP refused of a page that is drawn."""
    page.goto(path)
    becomes_true(page, "window.written")
    refused: list[str] = page.evaluate("refused")
    return refused


def color_of_the_word(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.querySelector('.xterm-rows span.xterm-fg-1')).color"))


def test_a_terminal_is_drawn_in_its_colors_and_takes_keys(page: Page) -> None:
    assert opened(page, "/terminal") == []
    assert color_of_the_word(page) == "rgb(250, 1, 2)"
    page.locator(".xterm-helper-textarea").focus()
    page.keyboard.type("ls")
    becomes_true(page, "window.typed === 'ls'")


def test_a_terminal_that_is_gone_leaves_no_style(page: Page) -> None:
    opened(page, "/terminal")
    assert page.evaluate("terminal.dispose(); document.adoptedStyleSheets.length") == 0


def test_without_our_help_the_csp_refuses_its_styles(page: Page) -> None:
    """The help is needed, and this page has the policy."""
    opened(page, "/plain")
    becomes_true(page, "refused.includes('style-src-elem inline')")
    assert color_of_the_word(page) != "rgb(250, 1, 2)"


@pytest.mark.parametrize(
    ("path", "refused"),
    [("/screen-page?images", []), ("/screen-page", ["img-src data"])],
    ids=["with its own cursor", "as it stands"],
)
def test_a_screen_is_drawn_and_takes_clicks(page: Page, path: str, refused: list[str]) -> None:
    """The policy refuses only the image of the guest's cursor, which the page makes itself (data:)."""
    opened(page, path)
    drawn = "[...document.querySelector('canvas').getContext('2d').getImageData(30, 20, 1, 1).data].join()"
    becomes_true(page, f"{drawn} === '{','.join(map(str, RED))}'")
    page.locator("#place canvas").first.click()
    becomes_true(page, f"refused.length >= {len(refused)}")
    assert set(page.evaluate("refused")) == set(refused)
