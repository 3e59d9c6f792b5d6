"""A warning that would repeat is written at once, then ever more seldom; a new one at once."""

import logging
from collections.abc import Iterator
from itertools import pairwise

import pytest
import time_machine
from django.core.cache.backends.locmem import LocMemCache

from lib import seldom

log = logging.getLogger("tests.seldom")
MEMORY = LocMemCache("tests", {})


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    MEMORY.clear()
    with time_machine.travel("2026-03-02T10:00:00+00:00", tick=False) as traveller:
        yield traveller


def warn(text: str = "the cloud is silent", about: str = "cloud") -> None:
    seldom.warning(log, about, "%s", text, memory=MEMORY)


def test_the_same_is_written_at_growing_intervals(
    clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    """Every 2.5 s for a day: about one line an hour in the end, where there were 34,560."""
    written = []
    for turn in range(34_560):
        warn()
        if len(caplog.records) > len(written):
            written.append(turn * 2.5)
        clock.shift(2.5)
    assert written[:5] == [0, 60, 180, 420, 900]
    assert len(written) < 35
    assert max(later - before for before, later in pairwise(written)) <= 3602.5


def test_it_says_for_how_long(clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture) -> None:
    for _turn in range(2):
        warn()
        clock.shift(90)
    warn()
    assert caplog.messages == ["the cloud is silent", "the cloud is silent (for 1 minutes now)"]


@pytest.mark.usefixtures("clock")
def test_something_else_is_written_at_once(caplog: pytest.LogCaptureFixture) -> None:
    for text in ("no answer", "wrong password", "wrong password"):
        warn(text)
    warn(about="redis")
    assert caplog.messages == ["no answer", "wrong password", "the cloud is silent"]


@pytest.mark.usefixtures("clock")
def test_the_number_of_a_request_makes_it_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    for text in ("object at 0x7f3a: refused (req-12ab-34cd)", "object at 0x5b00: refused (req-99ff-00aa)"):
        warn(text)
    assert len(caplog.messages) == 1


def test_what_is_over_is_said_once_and_may_begin_anew(
    caplog: pytest.LogCaptureFixture, clock: time_machine.Traveller
) -> None:
    caplog.set_level(logging.INFO)
    warn()
    for _turn in range(2):
        seldom.over(log, "cloud", "it answers", memory=MEMORY)
    warn()
    assert caplog.messages == ["the cloud is silent", "it answers", "the cloud is silent"]


def test_what_stopped_by_itself_is_new_when_it_comes_back(
    clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    warn()
    clock.shift(seldom.FIRST_SECONDS * 2 + 1)
    warn()
    assert caplog.messages == ["the cloud is silent", "the cloud is silent"]
