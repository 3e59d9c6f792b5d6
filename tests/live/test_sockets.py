"""Events for programs, over a websocket with a token."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from accounts import tokens
from accounts.models import User
from lib import events, seldom
from portal.live import sockets
from tests.database_clients import database_clients
from tests.factories import make_machine
from tests.live.process import Listener, LiveProcess
from tests.live.test_streams import costs, must_cost_no_more_than
from tests.waiting import PATIENCE, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("live"), pytest.mark.slow]


def connected(live: LiveProcess, **headers: str) -> ClientConnection:
    return connect(
        f"ws://localhost:{live.port}/live/events", additional_headers=headers, proxy=None, open_timeout=PATIENCE
    )


@pytest.fixture
def line(live: LiveProcess, student: User) -> Iterator[ClientConnection]:
    with connected(live, Authorization=f"Bearer {tokens.make(user=student)}") as line:
        assert json.loads(line.recv(PATIENCE)) == {"event": "state", "data": "live"}
        assert json.loads(line.recv(PATIENCE))["event"] == "gap"
        yield line


def code_of_end(line: ClientConnection) -> Any:
    """Read on until the other side has closed it."""
    try:
        while True:
            line.recv(PATIENCE)
    except ConnectionClosed as end:
        return end.rcvd and end.rcvd.code


def test_a_program_hears_of_a_change(line: ClientConnection, student: User) -> None:
    machine = make_machine(student)
    events.publish("machine", machine.pk)
    said = json.loads(line.recv(PATIENCE))
    assert (said["event"], said["kind"], said["id"]) == ("change", "machine", str(machine.pk))


def test_nothing_is_compressed(line: ClientConnection) -> None:
    assert line.response is not None
    assert "Sec-WebSocket-Extensions" not in line.response.headers


def test_a_frame_that_is_too_large_ends_it(line: ClientConnection) -> None:
    line.send("x" * 65537)
    assert code_of_end(line) == 1009


def test_too_many_frames_end_it(line: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):  # it may end before the last was sent
        for _ in range(60):
            line.send("x")
    assert code_of_end(line) == 1008


def test_too_many_pings_end_it(line: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        for _ in range(60):
            line.ping()
    assert code_of_end(line) is None


def upgrade(live: LiveProcess, *more: str) -> socket.socket:
    """Ask for a websocket, with a window that is soon full."""
    plain = socket.socket()
    plain.settimeout(PATIENCE)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    plain.connect(("127.0.0.1", live.port))
    heads = ("Host: localhost", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
    lines = ("GET /live/events HTTP/1.1", *heads, f"Sec-WebSocket-Key: {'A' * 22}==", *more)
    plain.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode())
    return plain


def test_who_pings_and_does_not_read_is_cut_off(
    live: LiveProcess, student: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "FRAMES_AT_ONCE", 1e9)
    ping = b"\x89\xfd" + bytes(4) + bytes(125)
    with upgrade(live, f"Authorization: Bearer {tokens.make(user=student)}") as plain:
        assert plain.recv(12) == b"HTTP/1.1 101"
        with pytest.raises(OSError, match=r"reset|Broken"):
            plain.sendall(200_000 * ping)


def test_frames_before_the_answer_end_it_without_an_error_in_the_log(
    live: LiveProcess, caplog: pytest.LogCaptureFixture
) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE knox_authtoken")  # so the answer has to wait
        with upgrade(live, "Authorization: Bearer zz") as plain:
            time.sleep(0.1)
            plain.sendall(b"\xff" * 100)
            assert plain.recv(1) == b""
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_head_that_only_one_of_two_parsers_takes_ends_it(live: LiveProcess) -> None:
    with upgrade(live, *(f"X-{n}: x" for n in range(200))) as plain:
        assert plain.recv(1) == b""


def test_fifty_hold_no_thread_and_no_connection_to_the_database(live: LiveProcess) -> None:
    people = [User.objects.create_user(f"s{n}") for n in range(51)]
    first, *others = [f"Authorization: Bearer {tokens.make(user=person)}" for person in people]
    with upgrade(live, first):  # what is begun once for all is there from here on
        before = costs(left := database_clients())
        with contextlib.ExitStack() as lines:
            for token in others:
                lines.enter_context(upgrade(live, token))
            until(lambda: len(live.hub.streams) == 51, "all are open")
            must_cost_no_more_than(before, left)
    until(lambda: not live.hub.streams, "all have left")


def test_it_ends_with_its_right(line: ClientConnection, student: User) -> None:
    tokens.end_all(student)
    assert code_of_end(line) == 1008


def test_a_restart_is_told_by_its_code(student: User) -> None:
    live = LiveProcess()
    with connected(live, Authorization=f"Bearer {tokens.make(user=student)}") as line:
        line.recv(PATIENCE)
        live.stop()
        assert code_of_end(line) == 1012


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://evil.example.org"}])
def test_others_are_refused(live: LiveProcess, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        connected(live, **headers)
    assert refusal.value.response.status_code == 403


def test_strangers_do_not_fill_the_log(live: LiveProcess, caplog: pytest.LogCaptureFixture) -> None:
    seldom.OWN.clear()
    for _ in range(20):
        with pytest.raises(InvalidStatus):
            connected(live)
        with contextlib.closing(Listener(live)) as page:
            page.wait_for("401")
    assert len(caplog.records) <= 2, caplog.text
