"""Shells that are ended later: for how long, for whom, and how many."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast
from uuid import uuid4

import pytest

from machines import key_faults
from portal.live.entry import Entry, Refused
from portal.live.guest_connections import Guests
from portal.live.guest_door import NotOpened
from portal.live.terminals import late_closings
from portal.live.terminals.endings import MOST_OF_A_PERSON
from portal.live.terminals.late_closings import LateClosings
from portal.live.terminals.terminal import Key
from tests.waiting import happens

KEY = Key(uuid4(), 7, "1")
ENTRY = cast("Entry", None)


class Silent:
    """Guests that nobody can sign in at. `tries`: how many did."""

    def __init__(self, why: Exception) -> None:
        self.why, self.tries = why, 0

    @contextlib.asynccontextmanager
    async def signed_in(self, *_values: Any) -> AsyncIterator[None]:
        self.tries += 1
        raise self.why
        yield


@contextlib.asynccontextmanager
async def closing(guests: Silent) -> AsyncIterator[LateClosings]:
    late = LateClosings(cast("Guests", guests))
    task = asyncio.create_task(late.go_on())
    try:
        yield late
    finally:
        task.cancel()


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Silent:
    monkeypatch.setattr(late_closings, "PAUSE_SECONDS", 0.01)
    fault = key_faults.UNREACHABLE
    return Silent(NotOpened(fault.code, fault.note, again=True))


async def test_a_silent_machine_is_asked_again_and_again(silent: Silent) -> None:
    async with closing(silent) as late:
        late.add(KEY, ENTRY)
        await happens(lambda: silent.tries > 2)
        assert list(late.waiting) == [KEY]


async def test_after_an_hour_it_is_left_alone(silent: Silent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_closings, "KEEP_SECONDS", 0.05)
    async with closing(silent) as late:
        late.add(KEY, ENTRY)
        await happens(lambda: not late.waiting)


async def test_whose_right_has_ended_ends_nothing_more(silent: Silent) -> None:
    silent.why = Refused(404, "machine")
    async with closing(silent) as late:
        late.add(KEY, ENTRY)
        await happens(lambda: not late.waiting)
    assert silent.tries == 1


async def test_one_person_leaves_no_more_than_they_may_have_open(silent: Silent) -> None:
    late = LateClosings(cast("Guests", silent))
    for number in range(MOST_OF_A_PERSON + 3):
        late.add(Key(KEY.machine, KEY.person, str(number)), ENTRY)
    late.add(Key(KEY.machine, 8, "1"), ENTRY)
    assert len(late.waiting) == MOST_OF_A_PERSON + 1
