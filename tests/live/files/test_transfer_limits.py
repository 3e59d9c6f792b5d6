"""Bounds of transfers: turns, the person's right, the end of the process, a reader who leaves."""

import asyncio
import os
import threading
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session

from accounts.models import User
from machines.models import Machine
from portal.live.entry import Refused
from portal.live.files import transfer_turns
from portal.live.files.transfer_turns import Turns
from tests.database_clients import database_clients
from tests.live.files.files_caller import Caller
from tests.live.files.files_fixtures import home as home
from tests.live.files.files_fixtures import machine as machine
from tests.live.files.files_fixtures import page as page
from tests.live.process import LiveProcess
from tests.machines.idle.guest import can_run
from tests.waiting import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("live-files"),
    pytest.mark.slow,
    pytest.mark.skipif(not can_run(), reason="needs sshd, and root"),
]
SIZE = 64 * 1024 * 1024


@pytest.fixture
def large(home: Path) -> Path:
    """A file that fits into no buffer on the way."""
    os.truncate(_made(home / "large"), SIZE)
    return home / "large"


def _made(path: Path) -> Path:
    path.touch()
    return path


class Slow:
    """A download of which nobody reads more than the head."""

    def __init__(self, page: Caller, path: str = "large") -> None:
        self.line = page.line()
        self.line.request("GET", page.address(path), headers=page.headers)
        self.answer = self.line.getresponse()

    def rest(self) -> int:
        """Read to the end: how many bytes came."""
        size = 0
        try:
            while part := self.answer.read1(1 << 20):
                size += len(part)
        except (OSError, HTTPException):
            pass
        self.close()
        return size

    def close(self) -> None:
        self.answer.close()
        self.line.close()


def running(live: LiveProcess) -> int:
    return int(live.server.config.app.files.transfers.running)


def test_a_right_that_ends_cuts_a_download_that_nobody_reads(page: Caller, large: Path, live: LiveProcess) -> None:
    slow = Slow(page)
    Session.objects.all().delete()
    until(lambda: running(live) == 0)
    assert slow.rest() < SIZE
    assert live.hub.counts["files rights"] > 0


def test_a_machine_that_is_given_away_cuts_too(
    page: Caller, large: Path, live: LiveProcess, machine: Machine, student2: User
) -> None:
    slow = Slow(page)
    Machine.objects.filter(pk=machine.pk).update(owner=student2)
    until(lambda: running(live) == 0)
    assert slow.rest() < SIZE


def test_a_reader_who_leaves_ends_the_reading(page: Caller, large: Path, live: LiveProcess) -> None:
    slow = Slow(page)
    assert running(live) == 1
    slow.close()
    until(lambda: running(live) == 0)


def test_four_run_and_a_fifth_waits(page: Caller, large: Path, live: LiveProcess) -> None:
    those = [Slow(page) for _ in range(4)]
    answers: list[int] = []
    fifth = threading.Thread(target=lambda: answers.append(page.get("large").status))
    fifth.start()
    until(lambda: live.server.config.app.files.transfers._here == {page.person.pk: 5})  # type: ignore[union-attr]
    assert page.get().status == 200  # lists do not wait behind them
    assert (running(live), answers) == (4, [])
    those[0].rest()
    fifth.join()
    assert answers == [200]
    for one in those:
        one.close()
    until(lambda: running(live) == 0)


def costs(left: set[int]) -> tuple[int, int]:
    """Threads, and connections to the database beside those that the test itself has."""
    until(lambda: not database_clients() - left, "no row is read")
    return threading.active_count(), len(database_clients() - left)


def test_fifty_transfers_take_no_thread_and_no_connection_to_the_database(
    page: Caller, large: Path, machine: Machine, django_user_model: type[User]
) -> None:
    people = [django_user_model.objects.create_user(f"a{n}", roles=["admin"]) for n in range(13)]
    pages = [Caller(page.live, machine.pk, person) for person in people]
    before = costs(left := database_clients())
    those = [Slow(each) for each in pages for _ in range(4)]
    assert running(page.live) == 52
    assert costs(left) == before
    for one in those:
        one.close()
    until(lambda: running(page.live) == 0)


async def test_beyond_those_who_wait_others_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer_turns, "LONGEST_WAIT", 0.05)
    turns = Turns(1, 1, 10)
    async with turns.turn(7):
        waiting = asyncio.create_task(_have(turns))
        await asyncio.sleep(0)
        with pytest.raises(Refused, match="too_many"):
            await _have(turns)
        with pytest.raises(Refused, match="busy"):
            await waiting
    await _have(turns)
    assert (turns.running, turns._here, turns._people) == (0, {}, {})


async def _have(turns: Turns) -> None:
    async with turns.turn(7):
        pass


def test_the_end_of_the_process_cuts_what_runs_and_a_later_one_goes_on(
    page: Caller, large: Path, live: LiveProcess, monkeypatch: Any
) -> None:
    monkeypatch.setattr("portal.live.files.file_requests.DRAIN_SECONDS", 0.1)
    page.put("photo", b"hello", 0, 10)
    slow = Slow(page)
    live.stop()
    assert slow.rest() < SIZE
    live.start()
    assert page.put("photo", b"again", 5, 10).status == 201
