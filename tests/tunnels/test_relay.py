"""Bytes count as work where their connection lasted, or carried more than a handshake."""

import pytest

from tunnels.agent import relay
from tunnels.agent.counts import Counts
from tunnels.agent.relay import BRIEF_BYTES, BRIEF_SECONDS, Stream


class Clock:
    now = 1000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(relay.time, "time", clock.time)
    return clock


def stream(counts: Counts) -> Stream:
    return Stream("192.0.2.7", counts, lambda _stream: None)


def test_a_refused_password_is_not_use(clock: Clock) -> None:
    counts = Counts()
    for _guess in range(500):
        visitor = stream(counts)
        visitor.passed(8_000)
        clock.now += 5
    assert counts.bytes_used == 0


def test_what_was_said_first_counts_once_it_lasts(clock: Clock) -> None:
    counts = Counts()
    visitor = stream(counts)
    visitor.passed(4_000)
    clock.now += BRIEF_SECONDS + 1
    visitor.passed(100)
    visitor.passed(1)
    assert counts.bytes_used == 4_101


def test_a_quick_download_is_use(clock: Clock) -> None:
    counts = Counts()
    visitor = stream(counts)
    visitor.passed(BRIEF_BYTES)
    assert counts.bytes_used == 0
    visitor.passed(1)
    assert counts.bytes_used == BRIEF_BYTES + 1
