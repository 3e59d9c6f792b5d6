"""The tail of a console log, for as many as look: one read for all, and none when they have left."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from websockets.exceptions import InvalidStatus

from accounts.models import User
from cloud.contract import CloudRefused
from machines.models import Machine
from portal.live.consoles import console_calls, console_sockets
from tests.cloud.fake import FakeCloud
from tests.database_clients import database_clients
from tests.factories import make_machine
from tests.live.consoles.console_stage import Viewer, machine_on
from tests.live.process import LiveProcess
from tests.live.test_streams import costs, must_cost_no_more_than
from tests.waiting import PATIENCE, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("live"), pytest.mark.slow]


def reads(cloud: FakeCloud) -> int:
    return sum(call[0] == "console_log" for call in cloud.calls)


def test_only_what_is_new_is_sent(viewer: Viewer, cloud: FakeCloud) -> None:
    cloud.console = ["one", "two"]
    viewer.wait_for("two")
    cloud.console = ["one", "two", "three"]
    while "three" not in viewer.text:
        last = viewer.next()
    assert (last, viewer.text) == ({"type": "log", "fresh": False, "text": "\nthree"}, "one\ntwo\nthree")


def test_what_a_guest_writes_is_made_harmless(viewer: Viewer, cloud: FakeCloud) -> None:
    cloud.console = ["\x1b]52;c;eA==\x07\x1b[2Jhello \u202e<b>\x9b1m"]
    assert viewer.wait_for("hello") == "hello <b>1m"


def test_to_ask_whether_anybody_is_there_is_answered(viewer: Viewer) -> None:
    viewer.wait_for("ready")
    for text in ('{"type":"resize"}', "{", '{"type":"ping"}'):
        viewer.line.send(text)
    assert viewer.next() == {"type": "pong"}


def test_two_viewers_cost_one_read(
    viewer: Viewer, live: LiveProcess, machine: Machine, admin: User, cloud: FakeCloud
) -> None:
    viewer.wait_for("ready")
    with Viewer(live, machine, admin) as other:
        other.wait_for("ready")
        assert len(live.server.config.app.consoles.tails.open) == 1
        [tail] = live.server.config.app.consoles.tails.open.values()
        before, counted = tail.reads, reads(cloud)
        until(lambda: tail.reads > before + 5, "it is read again and again")
        assert reads(cloud) - counted <= tail.reads - before + 1


def test_nobody_looks_and_nothing_is_read(live: LiveProcess, machine: Machine, student: User, cloud: FakeCloud) -> None:
    with Viewer(live, machine, student) as viewer:
        viewer.wait_for("ready")
    until(lambda: not live.server.config.app.consoles.tails.open, "nobody looks")
    threads_end(cloud)
    before = reads(cloud)
    time.sleep(0.2)
    assert reads(cloud) == before


def threads_end(cloud: FakeCloud) -> None:
    """Wait for a call that may still be on its way."""
    with cloud._lock:
        pass


@pytest.mark.parametrize(("state", "ready"), [("off", False), ("gone", True)])
def test_a_machine_without_a_server_says_so(
    live: LiveProcess, cloud: FakeCloud, student: User, state: str, ready: bool
) -> None:
    machine = make_machine(student)
    Machine.objects.update(server_id="nobody" if ready else "")
    with Viewer(live, machine, student) as viewer:
        viewer.wait_for(state)
    assert reads(cloud) == ready


def test_a_busy_cloud_keeps_what_was_shown(viewer: Viewer, cloud: FakeCloud) -> None:
    cloud.console = ["before"]
    viewer.wait_for("before")
    cloud.busy = True
    viewer.wait_for("busy")
    cloud.busy, cloud.console = False, ["before", "after"]
    assert viewer.wait_for("after") == "before\nafter"


def test_a_cloud_that_refuses_serial_consoles_shows_its_log(
    live: LiveProcess, machine: Machine, student: User, cloud: FakeCloud, monkeypatch: Any
) -> None:
    def refuse(*_values: Any, **_named: Any) -> None:
        raise CloudRefused("403 Policy doesn't allow it")

    monkeypatch.setattr(cloud, "serial_console", refuse)
    with Viewer(live, machine, student) as viewer:
        states = [viewer.state.get("state")]
        while "ready" not in viewer.text:
            states.append(viewer.next().get("state"))
        assert "refused" not in states
        assert viewer.state == {"type": "state", "state": "ok", "serial": False}


def test_an_installation_without_an_account_says_so(
    live: LiveProcess, machine: Machine, student: User, monkeypatch: Any
) -> None:
    monkeypatch.setattr(console_calls, "open_consoles", lambda: None)
    with Viewer(live, machine, student) as viewer:
        viewer.wait_for("not_set_up")


@pytest.fixture
def stuck(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A cloud that answers no call until this is set."""
    event, answers = threading.Event(), cloud.console_log
    monkeypatch.setattr(console_calls, "SECONDS", 0.1)
    monkeypatch.setattr(
        cloud, "console_log", lambda *values, **named: event.wait(PATIENCE) and answers(*values, **named)
    )
    yield event
    event.set()


def test_a_cloud_that_does_not_answer_holds_four_threads_at_most(
    live: LiveProcess, cloud: FakeCloud, student: User, stuck: threading.Event
) -> None:
    machines = [machine_on(cloud, student, name=f"m{n}") for n in range(7)]
    viewers = [Viewer(live, machine, student) for machine in machines]
    assert any(viewer.next().get("state") == "busy" for viewer in viewers for _ in range(2))
    names = [thread.name for thread in threading.enumerate()]
    assert len([name for name in names if name.startswith("consoles")]) <= console_calls.THREADS
    stuck.set()
    for viewer in viewers:
        viewer.wait_for("ready")
        viewer.close()


def test_fifty_open_consoles_hold_no_thread_and_no_connection(
    live: LiveProcess, cloud: FakeCloud, machine: Machine, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_sockets, "MOST_OF_A_PERSON", 60)
    with Viewer(live, machine, admin) as first:
        first.wait_for("ready")
        before = costs(left := database_clients())
        viewers = [Viewer(live, machine, admin) for _ in range(50)]
        of_browsers = [
            name
            for thread in threading.enumerate()
            if "(recv_events)" in (name := thread.name) or "(keepalive)" in name
        ]
        must_cost_no_more_than((before[0] + len(of_browsers), before[1]), left)
        for viewer in viewers:
            viewer.close()


# ---- who is let in, and for how long ----


@pytest.mark.parametrize("heads", [{"Origin": "https://evil.example"}, {"Cookie": "sessionid=made-up"}])
def test_strangers_and_other_origins_are_refused(
    live: LiveProcess, machine: Machine, student: User, heads: dict[str, str]
) -> None:
    with pytest.raises(InvalidStatus):
        Viewer(live, machine, student, **heads)


@pytest.mark.parametrize("path", ["", "/serial"])
def test_another_persons_console_is_not_there(live: LiveProcess, machine: Machine, student2: User, path: str) -> None:
    with pytest.raises(InvalidStatus):
        Viewer(live, machine, student2, path)


def test_a_ninth_console_is_one_too_many(live: LiveProcess, machine: Machine, student: User) -> None:
    viewers = [Viewer(live, machine, student) for _ in range(8)]
    with pytest.raises(InvalidStatus):
        Viewer(live, machine, student)
    for viewer in viewers:
        viewer.close()
    until(lambda: not live.server.config.app.consoles.viewers, "all have left")


def test_it_ends_with_the_session(viewer: Viewer) -> None:
    viewer.wait_for("ready")
    Session.objects.all().delete()
    assert viewer.code_of_end() == 4003


def test_it_ends_when_the_machine_is_given_away(viewer: Viewer, machine: Machine, student2: User) -> None:
    viewer.wait_for("ready")
    Machine.objects.update(owner=student2)
    assert viewer.code_of_end() == 4003


def test_it_goes_on_with_another_server_of_the_machine(viewer: Viewer, machine: Machine, cloud: FakeCloud) -> None:
    viewer.wait_for("ready")
    Machine.objects.update(server_id="nobody")
    viewer.wait_for("gone")


def test_who_floods_is_ended(viewer: Viewer) -> None:
    for _ in range(60):
        viewer.line.send("x")
    assert viewer.code_of_end() == 4008


def test_a_frame_that_is_too_large_ends_it(viewer: Viewer) -> None:
    viewer.line.send("x" * 70_000)
    assert viewer.code_of_end() == 1009


def test_a_restart_tells_all_to_come_back(live: LiveProcess, machine: Machine, student: User, cloud: FakeCloud) -> None:
    with Viewer(live, machine, student) as viewer:
        viewer.wait_for("ready")
        live.stop()
        assert viewer.code_of_end() == 1012
    live.start()
