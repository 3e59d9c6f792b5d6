"""A student's own web server learns nothing that signs in from an administrator who opens its public port.

The server is this test's; it stands behind a public port of the gateway as a machine's would, by the same key as the agent's.
"""

import json
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser

from tests.chromium import in_a_browser
from tests.journeys.kinds import on_simulated
from tests.journeys.stack import Stack, is_shut, wait_for
from tests.journeys.visitor import Visitor
from tests.waiting import PATIENCE

pytestmark = [*in_a_browser, on_simulated, pytest.mark.slow]


class Thief(BaseHTTPRequestHandler):
    """Keeps each visitor's cookies, and plants one."""

    seen: list[tuple[str, str]]

    def do_GET(self) -> None:
        self.seen.append((self.headers.get("Host", ""), self.headers.get("Cookie", "")))
        self.send_response(200)
        self.send_header("Set-Cookie", "sessionid=planted; path=/")
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>A student's page</h1>")

    def log_message(self, *_words: object) -> None:
        return


@pytest.fixture
def thief(stack: Stack) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """The public port of the student's server, and the (host, cookies) of each visit."""
    handler = type("OneThief", (Thief,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    chosen = json.loads((stack.data / "ports.json").read_text())
    public = next(port for port in range(chosen["vps_last"], chosen["vps_first"], -1) if is_shut(port))
    gateway = forward(stack.data / "vps" / "agent_key", chosen["vps"], public, server.server_port)
    try:
        wait_for(lambda: not is_shut(public), PATIENCE, "the public port is open")
        yield public, handler.seen  # type: ignore[attr-defined]
    finally:
        gateway.kill()
        gateway.wait()
        server.shutdown()
        server.server_close()


def forward(key: Path, gateway: int, public: int, inside: int) -> subprocess.Popen[bytes]:
    options = [
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "LogLevel=ERROR",
        "ExitOnForwardFailure=yes",
        "BatchMode=yes",
    ]
    way = ["-N", "-i", str(key), "-p", str(gateway), "-R", f"127.0.0.1:{public}:127.0.0.1:{inside}", "minga@127.0.0.1"]
    return subprocess.Popen(
        ["ssh", *[word for option in options for word in ("-o", option)], *way], stdin=subprocess.DEVNULL
    )


def test_no_cookie_of_the_portal_reaches_a_students_server(
    stack: Stack, browser: Browser, thief: tuple[int, list[tuple[str, str]]]
) -> None:
    """Try both names of this computer; on `localhost` the gateway answers in the server's place."""
    port, seen = thief
    admin = Visitor(browser, stack).sign_in("admin")
    ours = {cookie["name"]: cookie["value"] for cookie in admin.context.cookies(stack.url)}
    assert {"sessionid", "csrftoken"} <= ours.keys()
    for host in ("127.0.0.1", "localhost"):
        admin.page.goto(f"http://{host}:{port}/a?b=c")
        assert admin.page.url == f"http://127.0.0.1:{port}/a?b=c"
    assert [host for host, _cookies in seen if host == f"127.0.0.1:{port}"]
    assert [
        (host, value) for host, cookies in seen for value in ours.values() if value in cookies or "localhost" in host
    ] == []


def test_a_cookie_that_the_server_plants_does_not_reach_the_portal(
    stack: Stack, browser: Browser, thief: tuple[int, list[tuple[str, str]]]
) -> None:
    port, _seen = thief
    admin = Visitor(browser, stack).sign_in("admin")
    admin.page.goto(f"http://127.0.0.1:{port}/")
    for host in ("127.0.0.1", "[::1]", "localhost"):
        admin.page.goto(f"http://{host}:{stack.port}/account/")
        assert admin.page.url == f"{stack.url}/account/"
        assert admin.page.locator("#user-menu").count() == 1
