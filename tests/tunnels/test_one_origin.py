"""Origins: where all runs on one computer, no request under the portal's name reaches a machine, in whatever pieces it comes; everything else does."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

from tests.ports import free_range
from tests.tunnels.agent_stage import embedded_vps
from tests.tunnels.targets import HERE
from tunnels.one_origin import CUT, MOST, PASS, verdict

PORT = 23_017
COOKIE = b"Cookie: sessionid=secret\r\n\r\n"


def request(host: str, line: str = "GET /a?b=c HTTP/1.1") -> bytes:
    return f"{line}\r\nHost: {host}\r\n".encode() + COOKIE


def hello(name: str) -> bytes:
    """The first message of TLS, as far as the name in it matters."""
    body = bytes(60) + len(name).to_bytes(2) + name.encode() + bytes(20)
    return b"\x16\x03\x01" + len(body).to_bytes(2) + body


@pytest.mark.parametrize("host", ["localhost:23017", "localhost", "LOCALHOST:23017", "localhost.:23017"])
def test_a_page_under_the_portals_name_leads_to_the_machines_own(host: str) -> None:
    answer = verdict(request(host), PORT)
    assert answer is not None
    assert answer.startswith(b"HTTP/1.1 307 ")
    assert b"\r\nLocation: http://127.0.0.1:23017/a?b=c\r\n" in answer


@pytest.mark.parametrize("line", ["POST / HTTP/1.1", "OPTIONS * HTTP/1.1", "GET http://localhost/ HTTP/1.1"])
def test_what_is_no_page_is_not_led_on(line: str) -> None:
    assert (verdict(request("localhost:23017", line), PORT) or b"").startswith(b"HTTP/1.1 421 ")


def test_of_two_names_one_is_enough() -> None:
    assert verdict(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: localhost\r\n\r\n", PORT) not in (PASS, None)


OTHERS = [
    request("127.0.0.1:23017"), request("minga.localhost"), request("localhost.example.org"), b"SSH-2.0-OpenSSH_9.6\r\n", b"GET key\r\n",
    b"\x00\x01\x02", b"HELO localhost\r\n", b"GET localhost\r\n\r\n", hello("machine.example.org"), b"GETTING STARTED",
]  # fmt: skip


@pytest.mark.parametrize("said", OTHERS)
def test_everything_else_may_pass(said: bytes) -> None:
    assert verdict(said, PORT) == PASS


@pytest.mark.parametrize("whole", [request("localhost"), hello("localhost")])
def test_nothing_is_decided_too_soon(whole: bytes) -> None:
    assert {verdict(whole[:size], PORT) for size in range(1, len(whole) - 1)} == {None}
    assert verdict(whole, PORT) not in (None, PASS)


def test_a_head_without_an_end_is_cut() -> None:
    assert verdict(b"GET /" + b"x" * MOST, PORT) == CUT


@pytest.fixture
async def public(tmp_path: Path) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A public port of the embedded VPS, and what arrives at the machine behind it."""
    first, heard = free_range(1), list[bytes]()

    async def machine(reader: asyncssh.SSHReader[bytes], writer: asyncssh.SSHWriter[bytes]) -> None:
        writer.write(b"hello\n")
        heard.append(await reader.read())
        writer.close()

    program, port = embedded_vps(tmp_path / "vps", first, first)
    key = [str(tmp_path / "vps" / "agent_key")]
    async with asyncssh.connect(
        HERE, port, username="minga", client_keys=key, agent_path=None, known_hosts=None, config=None
    ) as ssh:
        await ssh.start_server(lambda *_from: machine, HERE, first, encoding=None)
        yield first, heard
    program.kill()


async def say(port: int, *pieces: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(HERE, port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.01)
    if writer.can_write_eof():
        writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


async def test_the_gateway_answers_in_the_machines_place(public: tuple[int, list[bytes]]) -> None:
    port, heard = public
    whole = request(f"localhost:{port}")
    assert b"307 Temporary Redirect" in await say(port, whole[:1], whole[1:30], whole[30:])
    assert b"secret" not in b"".join(heard)


async def test_the_machine_speaks_first_and_hears_what_may_pass(public: tuple[int, list[bytes]]) -> None:
    port, heard = public
    assert await say(port, b"GE", b"T key\r\n", b"more") == b"hello\n"
    assert heard == [b"GET key\r\nmore"]


async def test_half_a_head_with_an_end_is_passed_on(public: tuple[int, list[bytes]]) -> None:
    port, heard = public
    assert await say(port, b"GET /") == b"hello\n"
    assert heard == [b"GET /"]
