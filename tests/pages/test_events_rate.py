"""The rate at which open pages ask while the live process is down, refuses or flaps: 500 of them must not be what keeps the portal down."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.chromium import in_a_browser

pytestmark = [*in_a_browser, pytest.mark.xdist_group("pages-in-a-browser")]
SCRIPT = Path("static/js/events.js").read_text()
HOUR = 3_600_000  # ms
# A stream that does what `way` says a moment after it was opened, and a portal that goes on letting the person in.
STUBS = """
window.counts = { streams: 0, asks: 0 };
window.fetch = async () => { counts.asks += 1; return { headers: new Headers() }; };
window.EventSource = class extends EventTarget {
  static CLOSED = 2;
  constructor() {
    super();
    counts.streams += 1;
    const isLetIn = window.way === "flaps" && counts.streams % 2 || window.way === "restarts" && counts.streams === 1;
    this.readyState = isLetIn ? 0 : 2;
    if (isLetIn) setTimeout(() => this.dispatchEvent(new MessageEvent("state", { data: "live" })), 10);
    if (isLetIn && window.way === "restarts") setTimeout(() => this.dispatchEvent(new MessageEvent("bye", { data: "restart 1000" })), 50);
    else setTimeout(() => this.dispatchEvent(new Event("error")), 50);
  }
  close() {}
};
"""
PAGE = '<script src="/events.js" data-events="/live" data-ask="/account/"></script>'


@pytest.fixture
def page(browser: Browser) -> Page:
    """A page of which nothing is left but the script that listens."""
    page = browser.new_page()
    page.route("**/*", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    page.route("**/events.js", lambda route: route.fulfill(body=SCRIPT, content_type="text/javascript"))
    page.add_init_script(STUBS)
    page.clock.install()
    return page


@pytest.mark.parametrize("way", ["refuses", "flaps"])
def test_a_page_that_is_refused_asks_ever_less_often(page: Page, way: str) -> None:
    page.add_init_script(f"window.way = '{way}'")
    page.goto("http://portal.test/")
    page.clock.run_for(HOUR)
    counts = page.evaluate("counts")
    assert 2 <= counts["asks"] <= 10
    assert 100 <= counts["streams"] <= 300


def test_a_page_that_comes_back_too_early_from_a_restart_tries_again_soon(page: Page) -> None:
    """Twice, and without asking whether the right has ended: the next process is nearly there."""
    page.add_init_script("window.way = 'restarts'; Math.random = () => 0")
    page.goto("http://portal.test/")
    page.clock.run_for(1900)  # told to wait 1000, then 300 twice, and 50 each until it is refused
    assert page.evaluate("counts") == {"streams": 4, "asks": 0}
    page.clock.run_for(1000)
    assert page.evaluate("counts") == {"streams": 5, "asks": 1}
