"""Limits on terminals, on what may come at once, and on what they cost."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from websockets.asyncio.client import connect as async_connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from accounts.models import User
from machines.models import Machine
from portal.live import guest_connections
from portal.live.terminals import open_terminals, shells, window
from tests.database_clients import database_clients
from tests.live.process import LiveProcess, session_of
from tests.live.terminals.guest_fixtures import home as home
from tests.live.terminals.guest_fixtures import kind as kind
from tests.live.terminals.guest_fixtures import machine as machine
from tests.live.terminals.guest_fixtures import opened as opened
from tests.live.terminals.guest_fixtures import without_tmux as without_tmux
from tests.live.terminals.guest_stage import View, view
from tests.live.test_streams import costs, must_cost_no_more_than
from tests.machines.idle.guest import can_run
from tests.waiting import PATIENCE, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("live-terminals"),
    pytest.mark.slow,
    pytest.mark.skipif(not can_run(), reason="needs sshd, and root for terminals of its own"),
]


def test_a_person_has_at_most_so_many(
    live: LiveProcess, machine: Machine, student: User, opened: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_terminals, "MOST_OF_A_PERSON", 1)
    with contextlib.closing(view(live, machine, student, name="2")) as one_more:
        assert one_more.ends() == (4008, "too_many")


def test_one_that_has_ended_takes_no_room_while_it_is_closed(
    live: LiveProcess, machine: Machine, student: User, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closes, let_go = guest_connections._close, asyncio.Event()

    async def close_late(connection: Any) -> None:
        await let_go.wait()
        await closes(connection)

    monkeypatch.setattr(open_terminals, "MOST_OF_A_PERSON", 1)
    monkeypatch.setattr(guest_connections, "_close", close_late)
    with contextlib.closing(view(live, machine, student)) as first:
        first.opens()
        first.type("exit\n")
        assert first.ends() == (4000, "exited")
    with contextlib.closing(view(live, machine, student)) as anew:
        anew.opens()
    live.loop.call_soon_threadsafe(let_go.set)


def test_one_that_was_left_makes_room_if_its_shell_goes_on(
    live: LiveProcess, machine: Machine, student: User, opened: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_terminals, "MOST_OF_A_PERSON", 1)
    opened.close()
    terminals = live.server.config.app.terminals.terminals
    until(lambda: all(one.viewer is None for one in terminals.values()), "it is left")
    with contextlib.closing(view(live, machine, student, name="2")) as one_more:
        one_more.opens()


def test_a_machine_has_at_most_so_many(
    live: LiveProcess, machine: Machine, admin: User, opened: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_terminals, "MOST_OF_A_MACHINE", 1)
    with contextlib.closing(view(live, machine, admin)) as one_more:
        assert one_more.ends() == (4008, "too_many_there")


def test_too_many_frames_at_once_end_it(opened: View) -> None:
    with contextlib.suppress(ConnectionClosed):
        for _n in range(2000):
            opened.line.send("{}")
    assert opened.ends() == (4008, "flood")


def test_one_that_nobody_looks_at_ends_after_its_time(
    live: LiveProcess, machine: Machine, student: User, opened: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.close()
    monkeypatch.setattr("django.conf.settings.TERMINAL_KEEP_HOURS", 0)
    app = live.server.config.app
    monkeypatch.setattr(open_terminals, "SWEEP_SECONDS", 0.05)
    sweep = asyncio.run_coroutine_threadsafe(app.terminals.sweep(), live.loop)
    until(lambda: not app.terminals.terminals, "it is let go of")
    sweep.cancel()


def test_for_a_slow_viewer_it_keeps_no_more_than_a_window(live: LiveProcess, without_tmux: None, opened: View) -> None:
    opened.acknowledges = False
    opened.type("yes\n")
    for shown in range(0, 800_000, 20_000):
        opened.until(lambda shown=shown: len(opened.output) >= window.MOST + shown)
        opened.say(type="ack", bytes=20_000)
    (terminal,) = live.server.config.app.terminals.terminals.values()
    assert sum(len(piece) for piece, _kind in terminal._channel._recv_buf) <= shells.WINDOW


# ---- what they cost ----


async def open_fifty(stack: contextlib.AsyncExitStack, live: LiveProcess, machine: Machine, cookie: str) -> None:
    async def one(number: int) -> None:
        line = async_connect(
            f"ws://localhost:{live.port}/live/terminal/{machine.pk}/{number}",
            additional_headers={"Cookie": cookie}, origin=Origin(live.url), proxy=None, open_timeout=PATIENCE, host="127.0.0.1",
        )  # fmt: skip
        frames = await stack.enter_async_context(line)
        stack.callback(frames.transport.abort)  # it has frames that it did not read
        while '"open"' not in str(await frames.recv()):
            pass

    await asyncio.gather(*map(one, range(50)))


def test_fifty_terminals_hold_no_thread_and_no_connection_to_the_database(
    live: LiveProcess, machine: Machine, student: User, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("MOST_OF_A_PERSON", "MOST_OF_A_MACHINE"):
        monkeypatch.setattr(open_terminals, limit, 50)
    cookie = f"{settings.SESSION_COOKIE_NAME}={session_of(student)}"
    before = costs(left := database_clients())
    stack = contextlib.AsyncExitStack()
    asyncio.run_coroutine_threadsafe(open_fifty(stack, live, machine, cookie), live.loop).result(PATIENCE)
    assert len(live.server.config.app.terminals.terminals) == 50
    must_cost_no_more_than(before, left)
    asyncio.run_coroutine_threadsafe(stack.aclose(), live.loop).result(PATIENCE)
