"""Shells of guests that answer whatever they like, or nothing."""

import asyncio
from typing import Any

import pytest

from portal.live.guest_connections import unsent
from portal.live.terminals import shells
from tests.machines.guest_files.file_guest import connected
from tests.machines.hostile_guest import LetsIn


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOOK_SECONDS", "START_SECONDS"):
        monkeypatch.setattr(shells, name, 0.3, raising=False)


async def floods(process: Any) -> None:
    while True:
        process.stdout.write(bytes(32768))
        process.stderr.write(bytes(32768))
        await process.stdout.drain()


async def ends(process: Any) -> None:
    process.stdout.write(b"/usr/bin/tmux\n0a1b2c3d\n")
    process.exit(0)


async def test_a_guest_with_tmux_names_the_shell_that_is_there() -> None:
    async with connected(ends) as connection:
        assert await shells.kept_in_tmux(connection, "p1-1") == "0a1b2c3d"


async def jokes(process: Any) -> None:
    process.stdout.write(b"/usr/bin/tmux\n" + b"0a1b2c3d" * 9000)
    process.exit(0)


async def test_an_id_that_is_none_of_ours_is_not_believed() -> None:
    async with connected(jokes) as connection:
        assert await shells.kept_in_tmux(connection, "p1-1") == ""


async def test_a_flood_instead_of_an_answer_is_neither_kept_nor_read_on() -> None:
    async with connected(floods) as connection:
        assert await shells.kept_in_tmux(connection, "p1-1") is None
        await asyncio.sleep(0.1)
        assert not connection._channels


async def never(_server: Any) -> Any:
    await asyncio.Event().wait()


async def test_a_guest_that_never_opens_a_shell_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LetsIn, "session_requested", never)
    async with connected() as connection:
        shell = shells.Shell(lambda _output: None, lambda _exited: None)
        with pytest.raises(TimeoutError):
            await shells.start(connection, shell, name="p1-1", size=(80, 24))


async def test_output_that_waits_in_tiny_pieces_waits_in_few() -> None:
    waiting = shells._Pieces()
    for piece in [(b"x", None), (b"y", 1)] * 30_000:  # of two kinds in turn
        waiting.append(piece)
    shown = [bytes(waiting.pop(0)[0]) for _piece in range(2)]
    assert (waiting, b"".join(shown)) == ([], b"xy" * 30_000)


async def reads_nothing(process: Any) -> None:
    transport = process.channel.get_connection()._transport
    transport.pause_reading()
    await asyncio.sleep(0.5)
    transport.abort()


async def test_what_a_guest_allows_and_does_not_read_is_seen() -> None:
    async with connected(reads_nothing, window=2**31 - 1) as connection:
        shell = shells.Shell(lambda _output: None, lambda _exited: None)
        channel = await shells.start(connection, shell, name="p1-1", size=(80, 24))
        for _n in range(200):
            channel.write(bytes(65536))
        assert channel.get_write_buffer_size() + unsent(connection) > 4_000_000
        await connection.wait_closed()
