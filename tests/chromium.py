"""A Chromium for all tests of a module in a real browser, and a clean profile for each of them.

The browser lives for a module, not for a session: while Playwright's sync API is open, its event loop counts as running in this
thread, and tests of coroutines, which come in other modules, could not have one of their own. A module's tests are one xdist
group, so that a worker starts one Chromium for all of them.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # the loop of Playwright's sync API is no reason to refuse
# The first that is there. Debian builds both from the same source; without a desktop's windows each profile costs half.
CHROMIUMS = ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")
CHROMIUM = next((path for path in CHROMIUMS if Path(path).exists()), "")
# All pages are ours, so they need no process for each site and each window: to start one costs more than to show a page.
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--renderer-process-limit=1", "--disable-site-isolation-trials"]  # fmt: skip
in_a_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium here"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The process that a module's tests share."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """The module's Chromium, in which nobody has a window yet. What a test leaves open is closed."""
    yield chromium
    for context in list(chromium.contexts):
        context.close()
