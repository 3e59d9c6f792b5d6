"""Terminals through nginx and Caddy as docs/admin/install.md sets them up, over TLS."""

import contextlib
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from websockets.sync.client import connect
from websockets.typing import Origin

from accounts.models import User
from machines.models import Machine
from tests.live.process import LiveProcess, session_of
from tests.live.terminals.guest_fixtures import home as home
from tests.live.terminals.guest_fixtures import machine as machine
from tests.live.terminals.guest_stage import View
from tests.machines.idle.guest import can_run
from tests.ports import free_port
from tests.tunnels.proxy_fixtures import live as live
from tests.tunnels.proxy_fixtures import proxy_kind as proxy_kind
from tests.tunnels.tls_proxies import Proxy
from tests.waiting import PATIENCE

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("live-terminals-proxied"),
    pytest.mark.slow,
    pytest.mark.skipif(not can_run(), reason="needs sshd, and root for terminals of its own"),
]
TYPED = 300_000  # bytes, in frames of 64 KiB


@pytest.fixture
def proxy(proxy_kind: str, live: LiveProcess, tmp_path: Path) -> Iterator[Proxy]:
    """Patient for a second, in place of the page's minute."""
    started = Proxy(
        proxy_kind,
        tmp_path / proxy_kind,
        web=free_port(),
        live=live.port,
        instead={"read_timeout 60s": "read_timeout 1s"},
    )
    yield started
    started.stop()


@pytest.fixture
def opened(proxy: Proxy, machine: Machine, home: Path, student: User, settings: Any) -> Iterator[Callable[[], View]]:
    """Open the student's terminal by the proxy, as a browser does, which sends no pings of its own."""
    settings.CSRF_TRUSTED_ORIGINS = [proxy.url]
    with contextlib.ExitStack() as stack:

        def open_one() -> View:
            line = connect(
                f"{proxy.url.replace('https', 'wss')}/live/terminal/{machine.pk}/1", ssl=ssl.create_default_context(cafile=proxy.certificate),
                origin=Origin(proxy.url), additional_headers={"Cookie": f"{site.SESSION_COOKIE_NAME}={session_of(student)}"},
                proxy=None, open_timeout=PATIENCE, ping_interval=None,
            )  # fmt: skip
            view = View(line)
            stack.callback(view.close)
            view.opens()
            return view

        yield open_one


def test_large_frames_pass_both_ways(opened: Callable[[], View], home: Path) -> None:
    view = opened()
    view.type(f"stty raw -echo; echo go-$((6*7)); head -c {TYPED} > got; stty sane; tr -dc y < got | wc -c\n")
    view.shows("go-42")
    for _n in range(0, TYPED, 60_000):
        view.type("y" * 60_000)
    view.shows(f"{TYPED}\r\n")
    view.type("head -c 2000000 /dev/zero | tr '\\0' z; echo over-$((6*7))\n")
    view.shows("over-42")
    assert view.output.count(b"z") >= 2_000_000 or b"\x1b[" in view.output  # tmux draws what fits


def test_pings_keep_a_silent_terminal_from_a_proxy_that_waits_for_the_next_byte(
    opened: Callable[[], View], live: LiveProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live.server.config, "ws_ping_interval", 0.3)
    view = opened()
    ends = time.monotonic() + 3  # three times as long as it waits
    while time.monotonic() < ends:
        view.read(0.5)
    view.type("echo $((6*7))-here\n")
    view.shows("42-here")


def test_pings_come_often_enough_for_the_documented_proxies(live: LiveProcess) -> None:
    assert live.server.config.ws_ping_interval * 2 < 60
