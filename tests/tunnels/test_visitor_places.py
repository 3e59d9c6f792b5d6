"""A visitor cannot take so many places that others find none, and a stream whose one side has said all ends."""

import asyncio
import contextlib
import resource
import socket
from typing import Any

import asyncssh
import pytest

from tests.tunnels.agent_stage import Stage
from tests.tunnels.targets import HERE, exchange
from tests.waiting import PATIENCE, happens, until
from tunnels.agent import relay
from tunnels.agent.counts import Counts
from tunnels.agent.forward import Forward
from tunnels.agent.places import MOST_OF_ONE_AT_A_PORT, Places, home_of, raise_limit
from tunnels.agent.relay import Stream
from tunnels.agent.waiting import Limits
from tunnels.agent.wishes import Wish

OTHER = "127.0.0.9"


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::7%eth0", "2001:db8::/64"),
        ("odd", "odd"),
    ],
)
def test_one_visitor_is_an_address_or_a_network_of_ipv6(address: str, home: str) -> None:
    assert home_of(address) == home


def test_one_visitor_leaves_room_for_others_at_a_port_and_in_all() -> None:
    whole = Places.of_files(1000)
    port, other = Places(4, 2, within=whole), Places(within=whole)
    for _visit in range(2):
        port.enter("a")
    assert (bool(port.why_not("a")), port.why_not("b"), other.why_not("a")) == (True, "", "")
    for _visit in range(whole.most_of_one - 2):
        other.enter("a")
    assert (bool(other.why_not("a")), other.why_not("b")) == (True, "")
    port.leave("a")
    assert (port.why_not("a"), other.why_not("a")) == ("", "")


def test_the_limit_of_open_files_is_raised_as_far_as_it_may() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, hard), hard))
        assert raise_limit() == resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(hard, 65_536)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_who_finds_no_place_is_refused_and_counted() -> None:
    forward = Forward(Wish("a", 20_000, HERE, 1, "tcp", [], 1, False), asyncio.Event(), Limits())
    forward.places.most = 0
    with pytest.raises(asyncssh.ChannelOpenError):
        forward._require("192.0.2.7")
    assert forward.mishaps.take()["turned_away"] == 1


class Side:
    """A channel or a transport that takes everything; `left` bytes are not sent yet."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.left = 0

    def is_closing(self) -> bool:
        return "close" in self.said or "abort" in self.said

    def get_write_buffer_size(self) -> int:
        return self.left

    def __getattr__(self, name: str) -> Any:
        return lambda *_args: self.said.append(name)


def stream_of(monkeypatch: pytest.MonkeyPatch) -> tuple[Stream, Side, Side]:
    for name in ("EOF_SECONDS", "FLUSH_SECONDS", "DRAIN_SECONDS"):
        monkeypatch.setattr(relay, name, 0.05)
    stream, chan, transport = Stream("192.0.2.7", Counts(), lambda _stream: None), Side(), Side()
    stream.visitor.way, stream.target.way = chan, transport
    return stream, chan, transport


@pytest.mark.parametrize("side", ["visitor", "target"])
async def test_a_pair_ends_a_while_after_one_side_has_said_all(side: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream, chan, transport = stream_of(monkeypatch)
    getattr(stream, side).eof_received()
    assert not stream.gone
    await happens(lambda: stream.gone and "close" in chan.said and "close" in transport.said)


async def test_a_target_that_still_answers_may_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, _chan, _transport = stream_of(monkeypatch)
    monkeypatch.setattr(relay, "EOF_SECONDS", PATIENCE)
    stream.visitor.eof_received()
    for still_says in (True, True, False):
        stream.moved_at -= PATIENCE
        if still_says:
            stream.target.data_received(b"x")
        stream._look()
        assert stream.gone is not still_says


async def test_a_visitor_who_dawdles_after_the_target_s_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, _chan, _transport = stream_of(monkeypatch)
    stream.target.eof_received()

    def is_gone() -> bool:
        stream.visitor.data_received(b"x", None)
        return stream.gone

    await happens(is_gone)


async def test_what_a_visitor_does_not_read_is_thrown_away_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, chan, _transport = stream_of(monkeypatch)
    chan.left = 9
    stream.end()
    assert "close" not in chan.said
    await happens(lambda: "abort" in chan.said)


@pytest.mark.slow
def test_a_visitor_who_takes_all_it_gets_shuts_nobody_else_out(stage: Stage) -> None:
    key, port = stage.opened()
    with contextlib.ExitStack() as open_now:
        for _visit in range(MOST_OF_ONE_AT_A_PORT + 20):
            open_now.enter_context(socket.create_connection((HERE, port), timeout=PATIENCE))
        stage.portal.ask_for_counts()
        until(lambda: sum(report["mishaps"]["turned_away"] for report in stage.portal.reports) == 20)
        assert exchange(port, source=OTHER) == b"hello"
        assert stage.portal.line(key)["connections"] <= MOST_OF_ONE_AT_A_PORT + 1
    assert "turned away: port" in stage.agent.said()
