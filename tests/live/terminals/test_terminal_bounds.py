"""Bounds of terminals whose guest or whose viewer does nothing: nothing is kept, nobody waits for them."""

import asyncio
import contextlib
import json
import socket
from typing import Any

import pytest
from django.contrib.sessions.models import Session

from accounts.models import User
from machines.models import Machine
from portal.live.terminals import terminal
from portal.live.terminals.endings import EXITED, FLOOD, RIGHTS
from portal.live.terminals.viewer import MOST_WAITING, Viewer
from portal.live.terminals.window import Window
from tests.accounts.postman import silent_server
from tests.live.process import LiveProcess
from tests.live.terminals.guest_fixtures import home as home
from tests.live.terminals.guest_fixtures import kind as kind
from tests.live.terminals.guest_fixtures import machine as machine
from tests.live.terminals.guest_fixtures import opened as opened
from tests.live.terminals.guest_fixtures import without_tmux as without_tmux
from tests.live.terminals.guest_stage import View, view
from tests.machines.hostile_guest import hostile
from tests.machines.idle.guest import can_run
from tests.waiting import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("live-terminals"),
    pytest.mark.slow,
    pytest.mark.skipif(not can_run(), reason="needs sshd, and root for terminals of its own"),
]


def test_a_closed_terminal_leaves_the_queue(live: LiveProcess, machine: Machine, student: User) -> None:
    queue = live.server.config.app.guests.queue
    with silent_server() as port:
        Machine.objects.update(port_map={"22": port})
        for _twice in range(2):
            with contextlib.closing(view(live, machine, student)) as waiting:
                until(lambda: queue._turns)
                waiting.say(type="close")
                assert waiting.ends() == (4000, "exited")
        until(lambda: (queue.free, len(queue.waiting), len(live.server.config.app.terminals._tasks)) == (8, 0, 0))


def test_a_right_that_ends_cuts_a_viewer_who_reads_nothing(
    live: LiveProcess, machine: Machine, student: User, without_tmux: None, opened: View
) -> None:
    terminals = live.server.config.app.terminals.terminals
    opened.line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    opened.type("yes\n")
    [one] = terminals.values()
    until(lambda: one.viewer and one.viewer.window.is_full)
    Session.objects.all().delete()
    until(lambda: one.viewer is None, "it is cut")


async def reads_nothing(process: Any) -> None:
    if process.command:
        return
    transport = process.channel.get_connection()._transport
    transport.pause_reading()
    try:
        await asyncio.Event().wait()
    finally:
        transport.abort()


def test_what_is_typed_for_a_guest_that_does_not_read_does_not_pile_up(
    live: LiveProcess, machine: Machine, student: User, without_tmux: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "MOST_UNREAD", 2**18)
    with hostile(reads_nothing, window=2**31 - 1) as port:
        Machine.objects.update(port_map={"22": port})
        with contextlib.closing(view(live, machine, student)) as typing:
            typing.opens()
            for _n in range(200):
                with contextlib.suppress(Exception):
                    typing.line.send(bytes(65536))
            assert typing.ends() == (4008, "flood")


# ---- a viewer ----


async def sent_to(viewer_of: Any, output: int, ending: Any) -> list[Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    viewer = viewer_of(send)
    for _n in range(output):
        viewer.show(b"xy")
    viewer.end(ending)
    await viewer.deliver()
    return sent


def viewer_of(send: Any, cut: Any = None) -> Viewer:
    return Viewer(send, None, "en", (80, 24), cut)  # type: ignore[arg-type]


async def test_the_last_output_of_a_shell_is_shown_in_few_frames() -> None:
    sent = await sent_to(viewer_of, 40_000, EXITED)
    assert (len(sent), sum(len(one.get("bytes", b"")) for one in sent)) == (4, 80_000)


async def test_whose_right_has_ended_sees_no_more_output() -> None:
    sent = await sent_to(viewer_of, 10, RIGHTS)
    assert ["bytes" in one for one in sent] == [False, False]
    assert json.loads(sent[0]["text"])["code"] == "rights"


async def test_a_viewer_who_takes_nothing_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.live.terminals.viewer.CLOSE_SECONDS", 0.05)
    cut = asyncio.Event()

    async def never(_message: Any) -> None:
        await asyncio.Event().wait()

    viewer = viewer_of(never, cut.set)
    viewer.show(b"x")
    delivering = asyncio.create_task(viewer.deliver())
    await asyncio.sleep(0)
    viewer.end(EXITED)
    await delivering
    assert cut.is_set()


async def test_for_a_viewer_who_asks_much_and_reads_little_few_answers_wait() -> None:
    viewer = viewer_of(None)
    for _n in range(1000):
        viewer.tell(type="bad", text="no")
    assert (viewer.ended, len(viewer._queue)) == (FLOOD, MOST_WAITING + 1)


def test_no_more_acknowledgements_are_free_than_there_were_frames() -> None:
    window = Window()
    window.unanswered = 2
    assert [window.answers_a_frame() for _n in range(3)] == [True, True, False]
