"""The web server: slow heads are cut off, and only known proxies say from where a visitor comes."""

import asyncio
import resource
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from portal import serve
from tests.waiting import PATIENCE

ROUTES = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
DEFAULT = "eth0\t00000000\t010012AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
INSIDE = "eth1\t000013AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the visitor's address."""
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-length", b"%d" % len(scope["client"][0]))],
        }
    )
    await send({"type": "http.response.body", "body": scope["client"][0].encode()})


async def said(*pieces: bytes, pause: float = 0, trusted: tuple[str, ...] = ()) -> bytes:
    """Return what the server answers to these, until it hangs up."""
    config = serve.config(trusted=list(trusted), drain_seconds=1)
    config.app, config.log_config = echo, None
    server = uvicorn.Server(config)
    listening = serve.listen("127.0.0.1", 0)
    running = asyncio.create_task(server._serve([listening]))
    reader, writer = await asyncio.open_connection(*listening.getsockname())
    answer = asyncio.create_task(heard(reader))
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(pause)
    async with asyncio.timeout(PATIENCE):
        await answer
    writer.close()
    server.should_exit = True
    await running
    return answer.result()


async def heard(reader: asyncio.StreamReader) -> bytes:
    """Return what comes until the other side hangs up. It resets the connection where a piece was on its way to it."""
    pieces = bytearray()
    with suppress(ConnectionResetError):
        while piece := await reader.read(4096):
            pieces += piece
    return bytes(pieces)


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(serve, "REST_SECONDS", 0.2)


@pytest.mark.usefixtures("_soon")
async def test_half_a_head_is_waited_for_no_longer() -> None:
    assert (await said(b"GET / HTTP/1.1\r\nHost: a\r\n")).startswith(b"HTTP/1.1 408 ")


@pytest.mark.usefixtures("_soon")
async def test_a_line_now_and_then_wins_no_time() -> None:
    assert b" 408 " in await said(b"GET / HTTP/1.1\r\n", b"X-A: b\r\n", b"X-B: c\r\n", pause=0.09)


@pytest.mark.usefixtures("_soon")
async def test_one_who_says_nothing_is_hung_up_on() -> None:
    assert await said() == b""


@pytest.mark.usefixtures("_soon")
async def test_the_second_head_of_a_connection_has_the_same_time() -> None:
    answer = await said(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1\r\n", pause=0.05)
    assert [b" 200 " in answer, answer.count(b" 408 ")] == [True, 1]


@pytest.mark.usefixtures("_soon")
async def test_the_rest_of_a_body_that_was_answered_is_waited_for_no_longer() -> None:
    answer = await said(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n", b"a", b"a", pause=0.05)
    assert answer.startswith(b"HTTP/1.1 200 ")


ASK = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: 1.2.3.4, 198.51.100.7, 10.0.0.5\r\n\r\n"


@pytest.mark.parametrize(
    ("trusted", "visitor"),
    [((), b"127.0.0.1"), (("127.0.0.1",), b"10.0.0.5"), (("127.0.0.1", "10.0.0.0/8"), b"198.51.100.7")],
)
async def test_the_last_hop_that_is_no_proxy_is_the_visitor(trusted: tuple[str, ...], visitor: bytes) -> None:
    assert (await said(ASK, trusted=trusted)).endswith(visitor)


def test_a_container_trusts_its_gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", "192.0.2.0/24, 198.51.100.1")
    routes = tmp_path / "route"
    routes.write_text(ROUTES + INSIDE + DEFAULT)
    found = serve.trusted_proxies(behind_gateway=True, routes=routes)
    assert found == ["127.0.0.1", "::1", "172.18.0.1", "192.0.2.0/24", "198.51.100.1"]
    assert "172.18.0.1" not in serve.trusted_proxies(behind_gateway=False, routes=routes)


def test_a_container_without_a_way_out_trusts_nobody_more(tmp_path: Path) -> None:
    (tmp_path / "route").write_text(ROUTES + INSIDE)
    assert [serve.default_gateway(tmp_path / name) for name in ("route", "missing")] == ["", ""]


def test_it_may_open_as_many_files_as_the_system_allows() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, hard), hard))
        serve.raise_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(hard, 65_536)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_one_port_may_be_had_at_both_addresses() -> None:
    with serve.listen("127.0.0.1", 0) as first, serve.listen("::1", first.getsockname()[1]) as second:
        assert second.getsockname()[1] == first.getsockname()[1]


def test_no_answer_waits_for_an_acknowledgement() -> None:
    """Hold TCP_NODELAY on what is accepted, which the system takes over from the listening socket."""
    with serve.listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _address = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
