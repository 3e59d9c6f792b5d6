"""A Chromium for all tests in a real browser that follow each other, and a clean profile for each of them.

The browser is closed before the next test that needs none (`tests/conftest.py`): while Playwright's sync API is open, its event loop
counts as running in this thread, and tests of coroutines could not have one of their own. A start takes 0.8 s of processor time, so
the modules of one xdist group share one.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.db import connections
from playwright.sync_api import Browser, expect, sync_playwright

from tests.waiting import PATIENCE

MILLISECONDS = 1000 * PATIENCE
expect.set_options(timeout=MILLISECONDS)
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


_open: list[Browser] = []  # one at most
_until_closed = ExitStack()
is_last_in_row = False  # the next test needs no browser: tests/conftest.py says so


@pytest.fixture(scope="module")
def chromium() -> Browser:
    """The process that tests in a row share."""
    if not _open:
        playwright = _until_closed.enter_context(sync_playwright())
        _open.append(playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS))
        _until_closed.callback(lambda: _open.pop().close())
    return _open[0]


def close() -> None:
    """End the shared process, if there is one."""
    _until_closed.close()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """The shared Chromium, in which nobody has a window yet. What a test leaves open is closed."""
    yield chromium
    for context in list(chromium.contexts):
        context.close()
    if is_last_in_row:  # while the site that it has lines to is still there
        connections.close_all()  # below Playwright's loop this thread has others than after it: they would never be closed
        close()
