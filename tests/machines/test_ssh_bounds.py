"""Guests that ask for answers without end: what they can make us keep, and how long others wait for them."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncssh
import pytest
from asyncssh.constants import MSG_IGNORE
from asyncssh.packet import String

from machines import ssh_contact
from machines.ssh_contact import Guest, line_of, signed_in_over
from portal.live.guest_connections import unsent
from tests.machines.hostile_guest import HERE, LetsIn
from tests.waiting import PATIENCE
from tunnels import dialing
from tunnels.dialing import Way

ASKED = 6000  # whose answers take 400 KB, of which the system keeps some


@contextlib.asynccontextmanager
async def signed_in() -> AsyncIterator[tuple[Any, Any]]:
    """Sign in at a guest of the test's own. Gives our end and the guest's."""
    key, theirs = asyncssh.generate_private_key("ssh-ed25519"), list[Any]()

    class Server(LetsIn):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            theirs.append(conn)

    async with asyncssh.listen(HERE, 0, server_host_keys=[key], server_factory=Server) as server:
        with await dialing.straight((HERE, server.get_port())) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # else the system keeps megabytes
            guest = Guest(Way(), "student", line_of(key))
            async with await signed_in_over(sock, guest, []) as ours:
                yield ours, theirs[0]
            theirs[0].abort()  # one that does not read does not see that we go
            await theirs[0].wait_closed()


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def ask(guest: Any) -> list[asyncio.Task[Any]]:
    return [asyncio.create_task(guest._make_global_request(b"who")) for _one in range(ASKED)]


async def test_who_does_not_read_our_answers_is_not_read_until_they_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh_contact, "MOST_UNSENT", 10_000)
    async with signed_in() as (ours, guest):
        guest._transport.pause_reading()
        answers = ask(guest)
        await until(lambda: not ours._transport.is_reading() or unsent(ours) > 120_000)
        assert unsent(ours) < 120_000
        guest._transport.resume_reading()
        assert len(await asyncio.wait_for(asyncio.gather(*answers), PATIENCE)) == ASKED


async def test_who_begins_an_exchange_of_keys_and_only_asks_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh_contact, "MOST_DEFERRED", 100)
    async with signed_in() as (ours, guest):
        guest._transport.pause_reading()
        guest._send_kexinit()
        guest._kex_complete = True  # it goes on as if there were none
        answers = ask(guest)
        await until(lambda: ours.is_closed() or len(ours._deferred_packets) == ASKED)
        assert ours.is_closed()
        for answer in answers:
            answer.cancel()


async def test_of_what_comes_at_once_little_is_read_at_a_time() -> None:
    async with signed_in() as (ours, guest):
        sizes, take = list[int](), ours.data_received
        ours.data_received = lambda data: (sizes.append(len(data)), take(data))
        for _n in range(20):
            guest.send_packet(MSG_IGNORE, String(bytes(30_000)))
        await until(lambda: sum(sizes) >= 600_000)
        assert max(sizes) <= 32 * 1024


async def test_what_waits_for_an_exchange_of_keys_counts_as_unsent() -> None:
    async with signed_in() as (ours, guest):
        guest._transport.pause_reading()
        ours._send_kexinit()
        asking = asyncio.create_task(ours._make_global_request(b"who", String(bytes(50_000))))
        await until(lambda: unsent(ours) >= 50_000)
        asking.cancel()
