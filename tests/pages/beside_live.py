"""A live process beside the pages of a browser test, at an address of its own that the pages may reach."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.process import LiveProcess


def let_pages_reach(settings: Any, url: str) -> None:
    """Lead pages there for what is live, and let their policy allow it, as settings.py does for LIVE_URL."""
    settings.LIVE_URL = url
    csp = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    connect = ["'self'", url, url.replace("http", "ws", 1)]
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {**csp, "connect-src": connect}}


@pytest.fixture
def live(live_server: Any, settings: Any) -> Iterator[LiveProcess]:
    process = LiveProcess()
    settings.PORTAL_URL = live_server.url
    let_pages_reach(settings, process.url)
    yield process
    if process.thread.is_alive():
        process.stop()
