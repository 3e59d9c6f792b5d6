"""The supervisor's rests between two looks at its services."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from deploy.local.child import Rest
from tests.waiting import PATIENCE

LONG = 2 * PATIENCE  # seconds, of which a woken rest takes next to none


@pytest.fixture
def rest() -> Iterator[Rest]:
    rest = Rest()
    yield rest
    rest.close()


def taken(rest: Rest, seconds: float) -> float:
    began = time.monotonic()
    rest.take(seconds)
    return time.monotonic() - began


def test_it_ends_with_a_child(rest: Rest) -> None:
    with subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(0.2)"]) as child:
        assert taken(rest, LONG) < LONG / 2
        assert child.wait(PATIENCE) == 0


def test_a_signal_between_two_rests_is_not_missed(rest: Rest) -> None:
    os.kill(os.getpid(), signal.SIGCHLD)
    assert taken(rest, LONG) < LONG / 2


def test_it_lasts_as_long_as_nothing_happens(rest: Rest) -> None:
    os.kill(os.getpid(), signal.SIGCHLD)
    rest.take(0)
    assert taken(rest, 0.3) >= 0.3
