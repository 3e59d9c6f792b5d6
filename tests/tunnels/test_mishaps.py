"""No exception leaves a callback: it ends its stream, is counted, and is not written a thousand times."""

import asyncio
import logging
from typing import Any

import asyncssh
import pytest

from tunnels.agent.counts import Counts
from tunnels.agent.forward import Forward
from tunnels.agent.link import Link, Watcher
from tunnels.agent.mishaps import Mishaps
from tunnels.agent.relay import Stream
from tunnels.agent.waiting import Limits
from tunnels.agent.wishes import Wish, Wishes

KINDS = [
    OSError(107, "Transport endpoint is not connected"),
    RuntimeError("x"),
    TypeError("x"),
    AssertionError(),
    KeyError(1),
]
CALLBACKS: list[tuple[str, str, tuple[Any, ...]]] = [
    ("visitor", "connection_made", ()), ("visitor", "session_started", ()), ("visitor", "data_received", (b"x", None)),
    ("visitor", "eof_received", ()), ("visitor", "pause_writing", ()), ("visitor", "resume_writing", ()),
    ("visitor", "connection_lost", (None,)),
    ("target", "connection_made", (object(),)), ("target", "data_received", (b"x",)), ("target", "eof_received", ()),
    ("target", "pause_writing", ()), ("target", "resume_writing", ()), ("target", "connection_lost", (None,)),
]  # fmt: skip


class Side:
    """A channel or a transport that takes nothing but the order to end."""

    def __init__(self, error: Exception) -> None:
        self.error, self.aborted = error, False

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        def fail(*_args: object) -> None:
            raise self.error

        return fail


def stream_of(error: Exception) -> tuple[Stream, list[Stream], Side, Side]:
    left: list[Stream] = []
    stream = Stream("192.0.2.7", Counts(), left.append)
    chan, transport = Side(error), Side(error)
    stream.visitor.way, stream.target.way = chan, transport
    return stream, left, chan, transport


@pytest.mark.parametrize("error", KINDS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(("side", "name", "args"), CALLBACKS, ids=lambda part: part if isinstance(part, str) else "")
async def test_no_exception_leaves_a_callback(side: str, name: str, args: tuple[Any, ...], error: Exception) -> None:
    stream, left, chan, transport = stream_of(error)
    if name == "connection_made":
        args = (chan,) if side == "visitor" else (transport,)
    getattr(getattr(stream, side), name)(*args)
    stream.visitor.connection_lost(error)
    assert stream.gone or name in ("connection_made", "session_started")
    assert left == [stream]


@pytest.mark.parametrize("error", KINDS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(("side", "name", "args"), CALLBACKS, ids=lambda part: part if isinstance(part, str) else "")
async def test_an_exception_of_our_own_in_a_callback_cuts_the_stream_and_is_counted(
    side: str, name: str, args: tuple[Any, ...], error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first thing that a callback does fails here: it reads its stream, or keeps its channel."""
    stream, _left, chan, transport = stream_of(error)
    end = getattr(stream, side)

    class Failing(type(end)):  # type: ignore[misc]
        def __getattribute__(self, what: str) -> Any:
            if what == "stream":
                raise error
            return super().__getattribute__(what)

        def __setattr__(self, what: str, value: object) -> None:
            raise error

        def fail(self, doing: str, why: Exception) -> None:
            stream.fail(doing, why)

    end.__class__ = Failing
    getattr(end, name)(*args or (chan,))
    assert stream.mishaps.counts["faults"] >= 1
    assert (chan.aborted, transport.aborted) == (True, True)


async def test_an_end_that_cannot_be_cut_does_not_keep_the_other() -> None:
    stream, _left, chan, transport = stream_of(OSError())
    chan.abort = lambda: 1 / 0  # type: ignore[method-assign, assignment, return-value]
    stream.cut()
    assert transport.aborted


def wish(host: Any = "127.0.0.1", port: Any = 1, **more: Any) -> Wish:
    facts = {"scheme": "tcp", "allow": [], "since": 1, "probe": False, **more}
    return Wish(id="a", port=20_000, host=host, target_port=port, **facts)


@pytest.mark.parametrize(
    ("host", "port"), [("127.0.0.1", object()), (object(), 22), ("127.0.0.1", 99_999), ("x" * 70, 22), ("\x00", 22)]
)
async def test_an_unusable_target_is_a_refused_visit(host: Any, port: Any) -> None:
    limits = Limits()
    forward = Forward(wish(host, port), asyncio.Event(), limits)
    with pytest.raises(asyncssh.ChannelOpenError):
        await forward._receive("192.0.2.7", 1)
    assert (forward.streams, forward.places.taken, limits.places.taken) == (set(), 0, 0)


async def test_an_unusable_target_is_probed_and_found_silent() -> None:
    forward = Forward(wish(object(), 22), asyncio.Event(), Limits())
    assert not await forward._is_answered(1)
    assert forward.mishaps.counts["faults"] == 1


class Listener:
    def process_connection(self, origin: str, port: int) -> Any:
        raise TypeError("x")


async def test_no_exception_but_a_refusal_leaves_the_listener() -> None:
    forward, listener = Forward(wish(), asyncio.Event(), Limits()), Listener()
    forward._guard(listener, None)  # type: ignore[arg-type]
    with pytest.raises(asyncssh.ChannelOpenError):
        listener.process_connection("192.0.2.7", 1)
    assert forward.mishaps.counts["faults"] == 1


async def test_a_port_that_cannot_be_asked_for_keeps_no_other_shut() -> None:
    forward = Forward(wish(), asyncio.Event(), Limits())
    await forward.open(object(), "")  # type: ignore[arg-type]
    assert (forward.is_open, forward.retry_at > 0, forward.mishaps.counts["faults"]) == (False, True, 1)


def test_a_flood_of_one_kind_is_a_line_or_two(caplog: pytest.LogCaptureFixture) -> None:
    mishaps = Mishaps()
    with caplog.at_level(logging.WARNING, "agent"):
        for _time in range(1000):
            mishaps.fault("Visitor.eof_received", OSError(107, "not connected"))
    assert (len(caplog.records), mishaps.take()["faults"]) == (1, 1000)


def test_the_next_line_tells_how_often_it_happened(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    mishaps, now = Mishaps(), [100.0]
    monkeypatch.setattr("tunnels.agent.mishaps.time.monotonic", lambda: now[0])
    for _time in range(5):
        mishaps.turn_away("port 20000: too many")
    now[0] += 61
    mishaps.turn_away("port 20000: too many")
    assert "5 times since" in caplog.records[-1].message


def test_the_reason_of_a_lost_link_is_kept() -> None:
    watcher = Watcher(asyncio.Event())
    assert watcher.why == "it was closed"
    watcher.connection_lost(OSError(107, "not connected"))
    assert "not connected" in watcher.why
    assert watcher.mistake is None
    watcher.connection_lost(TypeError("x"))
    assert watcher.mistake is not None


async def test_only_a_failed_attempt_lengthens_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six connections that end at once, then attempts that fail, then one that lasts."""
    lasted: list[float | None] = [0.0] * 6 + [None, None, None, 30.0, 0.0]
    pauses: list[float] = []
    link = Link(asyncssh.generate_private_key("ssh-ed25519"), Limits())
    link.wishes = Wishes.read(
        {
            "revision": 1,
            "gateway": dict.fromkeys(("ssh_host", "ssh_port", "user", "host_key", "bind_address")),
            "tunnels": [],
        }
    )

    async def connect(_place: object) -> float | None:
        if not lasted:
            raise asyncio.CancelledError
        return lasted.pop(0)

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(link, "_connect_and_serve", connect)
    monkeypatch.setattr("tunnels.agent.link.jitter", lambda pause: pause)
    monkeypatch.setattr("tunnels.agent.link.asyncio.sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await link.run()
    assert pauses == [0.2] * 6 + [0.2, 0.4, 0.8] + [0, 0.2]


def test_a_line_that_cannot_be_read_keeps_no_other_port_shut() -> None:
    line = {
        "id": "a",
        "port": 1,
        "host": "h",
        "target_port": 2,
        "scheme": "tcp",
        "allow": [],
        "since": 1,
        "probe": True,
    }
    gateway = dict.fromkeys(("ssh_host", "ssh_port", "user", "host_key", "bind_address"))
    told = {"revision": 1, "gateway": gateway, "tunnels": [{"id": "b", "allow": ["no network"]}, {}, None, line]}
    assert list(Wishes.read(told).tunnels) == ["a"]
