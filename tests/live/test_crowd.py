"""A crowd of strangers at the door: refused or hung up on, and nothing stays of them; who is in notices nothing."""

import os
import socket
from collections.abc import Mapping
from contextlib import ExitStack, closing
from uuid import UUID

import pytest

from accounts.models import User
from portal import serve
from tests.live.process import Listener, LiveProcess
from tests.live.test_streams import UPGRADE
from tests.waiting import PATIENCE, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("live"), pytest.mark.slow]

ORIGIN = "Origin: http://localhost"
UPGRADES = "".join(f"{name}: {value}\r\n" for name, value in UPGRADE.items())
TERMINAL = f"GET /live/terminal/{UUID(int=1)}/1"
HEAD = f" HTTP/1.1\r\nHost: localhost\r\n{UPGRADES}"
REFUSED = {
    "no cookie": f"{TERMINAL}{HEAD}{ORIGIN}\r\n\r\n",
    "another origin": f"{TERMINAL}{HEAD}Origin: https://evil.example\r\nCookie: sessionid=a\r\n\r\n",
    "a made-up session": f"{TERMINAL}{HEAD}{ORIGIN}\r\nCookie: sessionid=a\r\n\r\n",
    "a made-up ticket": f"{TERMINAL}?ticket=a{HEAD}\r\n",
    "an endless query": f"{TERMINAL}?{'a&' * 1000}{HEAD}{ORIGIN}\r\n\r\n",
}
HUNG_UP_ON = {
    "half a head": f"{TERMINAL}{HEAD}",
    "silent": "",
    "half a body": "POST /live/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\na",
}
EACH = 25


def answer(line: socket.socket) -> bytes:
    """Return all that comes until the other side hangs up."""
    said = b""
    try:
        while part := line.recv(4096):
            said += part
    except ConnectionResetError:
        pass
    return said


def crowd(stack: ExitStack, port: int, kinds: Mapping[str, str]) -> list[socket.socket]:
    """Return lines on which each of the kinds has been said EACH times, in turn."""
    said = [*kinds.values()] * EACH
    lines = [stack.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE)) for _ in said]
    for line, head in zip(lines, said, strict=True):
        line.sendall(head.encode())
    return lines


def test_strangers_leave_nothing_behind(live: LiveProcess, student: User, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Listener.of(live, student)) as inside, ExitStack() as stack:
        before = len(live.server.server_state.connections), len(os.listdir("/proc/self/fd"))
        monkeypatch.setattr(serve, "HEAD_SECONDS", PATIENCE)  # a head that was sent in full may be read late
        refused = crowd(stack, live.port, REFUSED)
        live.call(live.hub.begin_hearing)
        inside.wait_for("event: gap")
        assert {answer(line)[9:12] for line in refused} == {b"403"}
        monkeypatch.setattr(serve, "HEAD_SECONDS", 1.0)
        assert {answer(line)[9:12] for line in crowd(stack, live.port, HUNG_UP_ON)} == {b"", b"404", b"408"}
        until(lambda: len(live.server.server_state.connections) == before[0], "all have gone")
    until(lambda: len(os.listdir("/proc/self/fd")) <= before[1], "no file is left open")
