"""Events for programs, over a websocket with a token."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from accounts import tokens
from accounts.models import User
from lib import events
from tests.factories import make_machine
from tests.live.process import LiveProcess

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("live"), pytest.mark.slow]


def connected(live: LiveProcess, **headers: str) -> ClientConnection:
    return connect(f"ws://localhost:{live.port}/live/events", additional_headers=headers, proxy=None)


@pytest.fixture
def line(live: LiveProcess, student: User) -> Iterator[ClientConnection]:
    with connected(live, Authorization=f"Bearer {tokens.make(user=student)}") as line:
        assert json.loads(line.recv(5)) == {"event": "state", "data": "live"}
        assert json.loads(line.recv(5))["event"] == "gap"
        yield line


def code_of_end(line: ClientConnection) -> Any:
    """Read on until the other side has closed it."""
    try:
        while True:
            line.recv(6)
    except ConnectionClosed as end:
        return end.rcvd and end.rcvd.code


def test_a_program_hears_of_a_change(line: ClientConnection, student: User) -> None:
    machine = make_machine(student)
    events.publish("machine", machine.pk)
    said = json.loads(line.recv(5))
    assert (said["event"], said["kind"], said["id"]) == ("change", "machine", str(machine.pk))


def test_nothing_is_compressed(line: ClientConnection) -> None:
    assert line.response is not None
    assert "Sec-WebSocket-Extensions" not in line.response.headers


def test_a_frame_that_is_too_large_ends_it(line: ClientConnection) -> None:
    line.send("x" * 65537)
    assert code_of_end(line) == 1009


def test_too_many_frames_end_it(line: ClientConnection) -> None:
    for _ in range(60):
        line.send("x")
    assert code_of_end(line) == 1008


def test_it_ends_with_its_right(line: ClientConnection, student: User) -> None:
    tokens.end_all(student)
    assert code_of_end(line) == 1008


def test_a_restart_is_told_by_its_code(student: User) -> None:
    live = LiveProcess()
    with connected(live, Authorization=f"Bearer {tokens.make(user=student)}") as line:
        line.recv(5)
        live.stop()
        assert code_of_end(line) == 1012


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://evil.example.org"}])
def test_others_are_refused(live: LiveProcess, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        connected(live, **headers)
    assert refusal.value.response.status_code == 403
