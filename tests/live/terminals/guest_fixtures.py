"""A machine with a guest, and what views of its terminals need."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from machines.models import Machine
from portal.live.terminals import shells
from tests.live.process import LiveProcess
from tests.live.terminals import guest_stage
from tests.live.terminals.guest_stage import View
from tests.machines.sealed import give_keys


@pytest.fixture
def machine(student: User, settings: Any, tmp_path: Path, live: LiveProcess) -> Iterator[Machine]:
    give_keys(settings, tmp_path)
    settings.CSRF_TRUSTED_ORIGINS = [live.url]
    yield guest_stage.machine_with_key(student)
    guest_stage.let_go(live)


@pytest.fixture
def home(machine: Machine, tmp_path: Path) -> Iterator[Path]:
    """The home in the machine's guest."""
    with guest_stage.guest(machine, tmp_path) as home:
        yield home


async def _none(_connection: Any, _name: str) -> None:
    return None


@pytest.fixture
def without_tmux(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take tmux from the guest."""
    monkeypatch.setattr(shells, "kept_in_tmux", _none)


@pytest.fixture(params=["tmux", "plain"])
def kind(request: pytest.FixtureRequest) -> str:
    """Try it with tmux and without. Ask for this before `opened`."""
    if request.param == "plain":
        request.getfixturevalue("without_tmux")
    return str(request.param)


@pytest.fixture
def opened(live: LiveProcess, machine: Machine, student: User, home: Path) -> Iterator[View]:
    """The student's terminal."""
    view = guest_stage.view(live, machine, student)
    view.opens()
    yield view
    view.close()
