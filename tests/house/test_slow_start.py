"""The start of `make run` on a slow computer: it ends when nothing comes up any more, not when all of it takes long."""

import io
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local import supervisor
from deploy.local.child import Program
from deploy.local.errors import LauncherError
from deploy.local.installation import Installation
from deploy.local.services import Service
from deploy.local.supervisor import START_SECONDS, Keeper, State, Supervisor


@dataclass
class Clock:
    """A clock on which each look takes ten seconds."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += 10


@dataclass
class Slow(Keeper):
    """A keeper whose service is up at a time of the clock."""

    clock: Clock
    at: float

    def step(self, up: set[str]) -> None:
        if self.clock.now >= self.at:
            self.state = State.READY


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(supervisor, "time", clock)
    return clock


def start(folder: Path, clock: Clock, *times: float) -> None:
    """Start services that are up at these times."""
    (folder / "run").mkdir()
    whole = Supervisor(Installation(folder, 0, dict.fromkeys(("mail_page",), 1), {}, io.StringIO()))
    for number, at in enumerate(times):
        keeper = Slow(clock, at)
        Keeper.__init__(keeper, Service(Program(f"part{number}", [])), whole.installation)
        whole.keepers.append(keeper)
    whole._start()


def test_it_goes_on_as_long_as_one_more_comes_up(clock: Clock, tmp_path: Path) -> None:
    start(tmp_path, clock, *[0.9 * START_SECONDS * number for number in range(1, 4)])
    assert clock.now > 2 * START_SECONDS


def test_it_ends_where_nothing_more_comes_up_and_names_what_did_not(clock: Clock, tmp_path: Path) -> None:
    with pytest.raises(LauncherError, match="part1 did not become ready"):
        start(tmp_path, clock, 100, 10_000)
    assert clock.now < 100 + START_SECONDS + 30
