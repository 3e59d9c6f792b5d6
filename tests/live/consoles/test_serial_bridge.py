"""The serial line of a machine through the live process: bytes both ways, for one who types."""

import asyncio
import contextlib
from collections.abc import Iterator

import pytest

from accounts.models import User
from machines.models import Machine
from portal.live.consoles import serial_bridge
from portal.live.terminals import window
from tests.cloud.fake import FakeCloud
from tests.live.consoles.console_stage import Viewer
from tests.live.consoles.serial_proxy import SerialProxy
from tests.live.process import LiveProcess
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("live"), pytest.mark.slow]


@pytest.fixture
def proxy(cloud: FakeCloud) -> Iterator[SerialProxy]:
    proxy = SerialProxy()
    cloud.serial_url = proxy.url
    yield proxy
    proxy.stop()


@pytest.fixture
def line(live: LiveProcess, machine: Machine, student: User, proxy: SerialProxy) -> Iterator[Viewer]:
    with Viewer(live, machine, student, "/serial") as line:
        assert line.next() == {"type": "open"}
        yield line
    until(lambda: not live.server.config.app.consoles.viewers, "it has left")


def test_bytes_go_both_ways(line: Viewer, proxy: SerialProxy) -> None:
    line.line.send(b"ls \x03\xff")
    assert line.next() == b"LS \x03\xff"
    assert proxy.heads == [("/?token=secret", None, "binary")]


def test_the_log_says_that_there_is_one(live: LiveProcess, machine: Machine, student: User, proxy: SerialProxy) -> None:
    with Viewer(live, machine, student) as viewer:
        viewer.wait_for("ready")
        assert viewer.state == {"type": "state", "state": "ok", "serial": True}


def test_what_is_not_acknowledged_is_not_read(
    line: Viewer, proxy: SerialProxy, live: LiveProcess, student: User, machine: Machine
) -> None:
    proxy.flood = b"y\n" * 8192
    with Viewer(live, machine, student, "/serial") as flooded:
        flooded.next()
        got = 0
        while got < window.MOST:
            got += len(flooded.next())
        assert got < window.MOST + serial_bridge.PIECE_BYTES
        flooded.line.send(f'{{"type":"ack","bytes":{got}}}')
        assert len(flooded.next()) > 0
        proxy.flood = b""


@pytest.mark.parametrize("text", ["{", '{"type":"ack","bytes":99}', '{"type":"resize","cols":0,"rows":"x"}', "[]"])
def test_a_bad_frame_is_answered_and_nothing_else_happens(line: Viewer, text: str) -> None:
    line.line.send(text)
    assert line.next()["type"] == "bad"
    line.line.send(b"on")
    assert line.next() == b"ON"


def test_to_ask_whether_the_line_stands_is_answered_and_not_typed(line: Viewer, proxy: SerialProxy) -> None:
    line.line.send('{"type":"ping"}')
    assert line.next() == {"type": "pong"}
    line.line.send(b"on")
    assert line.next() == b"ON"


def test_who_opens_it_again_takes_it_from_themselves(
    line: Viewer, live: LiveProcess, machine: Machine, student: User
) -> None:
    with Viewer(live, machine, student, "/serial") as second:
        assert second.next() == {"type": "open"}
        assert line.code_of_end() == 4001


class SlowLine:
    """A line that is let go as late as the test says. `most`: how many had it at once."""

    def __init__(self) -> None:
        self.held = self.most = 0
        self.is_let_go = asyncio.Event()

    async def carry(self, bridge: serial_bridge.Bridge, _way: object) -> None:
        self.held += 1
        self.most = max(self.most, self.held)
        try:
            await bridge.side.send('{"type":"open"}')
            await asyncio.Event().wait()
        finally:
            await self.is_let_go.wait()
            self.held -= 1


def test_of_many_windows_at_once_one_has_the_line(
    live: LiveProcess, machine: Machine, student: User, proxy: SerialProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowLine()
    monkeypatch.setattr(serial_bridge.Bridge, "carry", lambda bridge, way: slow.carry(bridge, way))
    with contextlib.ExitStack() as stack:
        for _window in range(5):
            last = stack.enter_context(Viewer(live, machine, student, "/serial"))
        live.loop.call_soon_threadsafe(slow.is_let_go.set)
        assert last.next() == {"type": "open"}
        until(lambda: len(live.server.config.app.consoles.viewers) == 1, "the others have ended")
        assert (slow.held, slow.most) == (1, 1)


def test_for_another_person_it_is_taken(line: Viewer, live: LiveProcess, machine: Machine, admin: User) -> None:
    with Viewer(live, machine, admin, "/serial") as second:
        assert second.code_of_end() == 4009
    line.line.send(b"mine")
    assert line.next() == b"MINE"


@pytest.mark.parametrize(("url", "code"), [("", 4004), ("ws://127.0.0.1:1/", 4005)])
def test_a_cloud_without_one_or_whose_proxy_is_down(
    live: LiveProcess, machine: Machine, student: User, cloud: FakeCloud, url: str, code: int
) -> None:
    cloud.serial_url = url
    with Viewer(live, machine, student, "/serial") as viewer:
        assert viewer.code_of_end() == code


def test_it_ends_with_the_right(line: Viewer, student2: User) -> None:
    Machine.objects.update(owner=student2)
    assert line.code_of_end() == 4003


def test_it_ends_with_the_guests_side(line: Viewer, proxy: SerialProxy) -> None:
    proxy.stop()
    assert line.code_of_end() == 4000


def test_who_types_nothing_for_long_gives_it_free(
    live: LiveProcess, machine: Machine, student: User, proxy: SerialProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_bridge, "IDLE_SECONDS", 0.1)
    with Viewer(live, machine, student, "/serial") as viewer:
        assert viewer.code_of_end() == 4010


def test_a_flood_of_frames_ends_it(line: Viewer) -> None:
    with contextlib.suppress(Exception):
        for _ in range(1000):
            line.line.send(b"x")
    assert line.code_of_end() == 4008
