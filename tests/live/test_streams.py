"""Streams of events: what they cost, whom an event reaches, and when they end."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from operator import le
from typing import Any
from uuid import uuid4

import psutil
import pytest
import redis
from django.conf import settings
from django.db import transaction
from django.test import Client

from accounts import tokens
from accounts.models import User
from deploy.local.services import page_answers
from lib import events
from portal.live import redis_events
from portal.live.stream import Message
from tests.database_clients import database_clients
from tests.factories import make_machine
from tests.live.process import Listener, LiveProcess, session_of
from tests.ports import free_port
from tests.waiting import PATIENCE, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("live"), pytest.mark.slow]

UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "A" * 22 + "==",
}


def costs(left: set[int]) -> tuple[int, int]:
    """(threads, connections to the database), in a moment in which no row is read. `left`: connections of earlier tests."""
    until(lambda: not database_clients() - left, "no row is read")
    return threading.active_count(), len(database_clients() - left)


def must_cost_no_more_than(before: tuple[int, int], left: set[int]) -> None:
    until(lambda: all(map(le, costs(left), before)), f"threads and connections are at most {before}")


def test_fifty_open_streams_hold_no_thread_and_no_connection(live: LiveProcess, django_user_model: type[User]) -> None:
    people = [django_user_model.objects.create_user(f"s{n}") for n in range(50)]
    before = costs(left := database_clients())
    streams = [Listener.of(live, person) for person in people]
    assert len(live.hub.streams) == 50
    must_cost_no_more_than(before, left)
    for stream in streams:
        stream.close()
    until(lambda: not live.hub.streams, "all have left")


def test_a_change_reaches_its_owner_after_the_commit_and_no_stranger(
    live: LiveProcess, student: User, student2: User
) -> None:
    machine, other = make_machine(student), make_machine(student2)
    with closing(Listener.of(live, student)) as mine, closing(Listener.of(live, student2)) as theirs:
        with suppress(ZeroDivisionError), transaction.atomic():
            events.publish("machine", other.pk, machine.pk)
            raise ZeroDivisionError  # rolled back: nothing has changed
        events.publish("machine", machine.pk)
        events.publish("machine", other.pk)
        mine.wait_for(str(machine.pk))
        theirs.wait_for(str(other.pk))
        assert (mine.changes, theirs.changes) == ([f"machine {machine.pk}"], [f"machine {other.pk}"])


def signed_out(person: User, client: Client) -> None:
    client.logout()


def deactivated(person: User, client: Client) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


def new_password(person: User, client: Client) -> None:
    person.set_password("another")
    person.save()


@pytest.mark.parametrize("end", [signed_out, deactivated, new_password])
def test_a_stream_ends_with_its_right(live: LiveProcess, student: User, end: Callable[[User, Client], None]) -> None:
    client = Client()
    client.force_login(student)
    with closing(Listener(live, Cookie=f"sessionid={client.cookies['sessionid'].value}")) as stream:
        stream.wait_for("event: state")
        end(student, client)
        assert "event: bye\ndata: rights\n" in stream.wait_for_end().replace("\r\n", "\n")


def test_a_stream_ends_with_its_token(live: LiveProcess, student: User) -> None:
    with closing(Listener(live, Authorization=f"Bearer {tokens.make(user=student)}")) as stream:
        stream.wait_for("event: state")
        tokens.end_all(student)
        assert "data: rights" in stream.wait_for_end()


def all_passed_on(live: LiveProcess) -> None:
    """Wait for a change that comes after all others."""
    mark = str(uuid4())
    events.publish("machine", mark)
    until(lambda: ("machine", mark) in [change for _n, change in live.hub._kept], "it was passed on")


def test_who_comes_back_gets_what_was_missed(live: LiveProcess, student: User) -> None:
    first, second = make_machine(student, name="a"), make_machine(student, name="b")
    all_passed_on(live)
    with closing(Listener.of(live, student)) as stream:
        events.publish("machine", first.pk)
        stream.wait_for(str(first.pk))
    events.publish("machine", second.pk)
    all_passed_on(live)
    with closing(Listener.of(live, student, last=stream.last)) as again:
        again.wait_for(str(second.pk))
        assert (again.changes, "event: gap" in again.text) == ([f"machine {second.pk}"], False)


@pytest.mark.parametrize("last", ["", "another-3"])
def test_who_comes_from_nowhere_reloads_all(live: LiveProcess, student: User, last: str) -> None:
    with closing(Listener.of(live, student, last=last)) as stream:
        stream.wait_for("event: gap")


def test_a_person_may_have_twenty(live: LiveProcess, student: User) -> None:
    key = session_of(student)
    streams = [Listener(live, Cookie=f"sessionid={key}") for _ in range(21)]
    assert sorted(stream.status for stream in streams) == [200] * 20 + [429]
    for stream in streams:
        stream.close()
    until(lambda: not live.hub.streams, "all have left")


@pytest.mark.parametrize("upgrade", [{}, UPGRADE])
def test_who_leaves_the_queue_gives_the_place_back(live: LiveProcess, upgrade: dict[str, str]) -> None:
    queue = live.hub.admission

    def shut() -> None:
        if queue._timer:
            queue._timer.cancel()
        queue._timer = live.loop.call_later(2 * PATIENCE, queue._admit)

    live.call(shut)
    visitor = Listener(live, Cookie="sessionid=guessed", Origin="http://localhost", **upgrade)
    until(lambda: queue.waiting, "the visitor waits")
    visitor.close()
    until(lambda: not queue.waiting, "the place is free")
    live.call(lambda: queue._timer.cancel() or queue._admit())


def test_it_tells_that_it_drains_and_ends(student: User) -> None:
    live = LiveProcess()
    with closing(Listener.of(live, student)) as stream:
        live.stop()
        assert "data: restart" in stream.wait_for_end()


def test_a_cut_line_to_redis_is_told_and_mended(live: LiveProcess, student: User, settings: Any) -> None:
    with closing(Listener.of(live, student)) as stream:
        stream.wait_for("event: gap")
        stream.text = ""
        with redis.Redis.from_url(settings.REDIS_URL) as door:
            for client in door.client_list(_type="pubsub"):
                if client["name"] == redis_events.NAME:
                    door.client_kill_filter(_id=client["id"])
        stream.wait_for("data: blind")
        stream.wait_for("data: live")
        stream.wait_for("event: gap")
    machine = make_machine(student)
    with closing(Listener.of(live, student)) as stream:
        events.publish("machine", machine.pk)
        stream.wait_for(str(machine.pk))


def test_its_numbers_are_for_those_who_may_see_them(live: LiveProcess, student: User) -> None:
    import httpx

    metrics = partial(httpx.get, f"http://127.0.0.1:{live.port}/metrics", timeout=PATIENCE)
    with closing(Listener.of(live, student)):
        assert "minga_live_streams 1.0" in metrics().text
    assert metrics(headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 401


def test_the_process_takes_at_most_a_hundred_megabytes() -> None:
    """A process of its own: the tests' has loaded everything. SSH takes twenty of them."""
    port = free_port()
    line = [sys.executable, "-m", "portal.live", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(line, env={**os.environ, "DB_POOL": "on"}) as process:
        until(lambda: page_answers(f"http://127.0.0.1:{port}/healthz"), "it answers")
        weight = psutil.Process(process.pid).memory_info().rss
        process.terminate()
    assert weight < 100_000_000


def test_a_stream_that_nobody_reads_gives_its_place_back(
    live: LiveProcess, student: User, student2: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.live.unread.UNREAD_SECONDS", 1.0)
    more_than_buffers_take = Message("change", "x" * 20_000_000)
    with closing(Listener.of(live, student)), closing(Listener.of(live, student2)) as quiet:
        [unread] = [stream for stream in live.hub.streams if stream.person.pk == student.pk]
        live.call(lambda: unread.push(more_than_buffers_take))
        until(lambda: unread not in live.hub.streams, "its place is free")
        assert (unread.ended, live.hub.counts["ended unread"]) == ("unread", 1)
        live.call(live.hub.begin_hearing)
        quiet.wait_for("event: gap")  # who has taken all stays


def test_a_websocket_may_pause_for_as_long_as_it_likes(live: LiveProcess, student: User) -> None:
    cookie = f"{settings.SESSION_COOKIE_NAME}={session_of(student)}"
    until(lambda: not live.server.server_state.connections, "those of earlier tests have ended")
    with closing(Listener(live, Cookie=cookie, Origin="http://localhost", **UPGRADE)) as line:
        assert line.status == 101
        [wire] = live.server.server_state.connections
        sock = wire.transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 0
    until(lambda: not live.hub.streams, "it has left")
