"""Dialing and events through nginx and Caddy as docs/admin/install.md sets them up, over TLS."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site

from accounts.models import User
from lib import events
from tests.factories import make_machine
from tests.live.process import Listener, LiveProcess, session_of
from tests.tunnels.agent_stage import Vps
from tests.tunnels.dial_fixtures import echo as echo
from tests.tunnels.dial_fixtures import vps as vps
from tests.tunnels.dial_stage import DialStage, as_worker, dial_stage, echo_of
from tests.tunnels.proxy_fixtures import live as live
from tests.tunnels.proxy_fixtures import proxy_kind as proxy_kind
from tests.tunnels.targets import Target, pattern
from tests.tunnels.tls_proxies import Proxy

pytestmark = [
    pytest.mark.urls("tests.tunnels.urls"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("tunnels-dialing"),
    pytest.mark.slow,
]


@pytest.fixture
def stage(
    proxy_kind: str, vps: Vps, tmp_path: Path, live: LiveProcess, student: User, settings: Any
) -> Iterator[DialStage]:
    """A site with HTTPS=on. The agent knows the proxy's address only."""
    settings.CLOUD, settings.LIVE_INSIDE, settings.SECURE_SSL_REDIRECT = "openstack", live.url, True
    with dial_stage(vps, tmp_path, live, student, proxied=proxy_kind) as stage:
        yield stage


class Stream(Listener):
    """A browser's stream through the proxy."""

    def __init__(self, proxy: Proxy, person: User) -> None:
        self.line, self.text, self.is_over = proxy.line(), "", False
        cookie = f"{site.SESSION_COOKIE_NAME}={session_of(person)}"
        head = f"Host: {proxy.url.removeprefix('https://')}\r\nAccept: text/event-stream\r\nCookie: {cookie}"
        self.line.sendall(f"GET /live/events HTTP/1.1\r\n{head}\r\n\r\n".encode())


def test_the_agent_dials_through_it(stage: DialStage, echo: Target) -> None:
    data = pattern(3_000_000)
    assert as_worker(stage.tunnel(echo.port), echo_of(data)) == data


def test_an_event_passes_at_once(stage: DialStage) -> None:
    machine = make_machine(stage.student)
    assert stage.proxy
    stream = Stream(stage.proxy, stage.student)
    stream.wait_for("data: live")
    events.publish("machine", machine.pk)
    stream.wait_for(f"data: machine {machine.pk}")  # a proxy that buffers would wait for 4 kB, or for ever
    stream.close()
