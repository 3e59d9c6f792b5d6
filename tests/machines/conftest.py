"""The world of the life cycle's tests. Django is set up after this file is read, so its parts are imported late."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import time_machine

if TYPE_CHECKING:
    from accounts.models import User
    from tests.cloud.fake import FakeCloud
    from tests.machines.world import Clock, World


@pytest.fixture
def clock() -> Iterator["Clock"]:
    from tests.machines.world import Clock

    with time_machine.travel("2026-03-02T10:00:00+00:00", tick=False) as traveller:
        yield Clock(traveller)


@pytest.fixture
def cloud() -> "FakeCloud":
    from tests.cloud.fake import FakeCloud

    return FakeCloud()


@pytest.fixture
def world(clock: "Clock", cloud: "FakeCloud", student: "User", monkeypatch: pytest.MonkeyPatch) -> "World":
    from tests.machines.world import World

    found = World(clock, cloud, student)
    found.patches = monkeypatch
    return found


@pytest.fixture(autouse=True)
def locks_in_order(request: pytest.FixtureRequest) -> Iterator[None]:
    """Check that every test of machines takes its locks in the one order."""
    names = set(request.fixturenames)
    if not names & {"db", "student", "world", "transactional_db"}:
        yield
        return
    from tests.machines.locks import watched

    request.getfixturevalue("transactional_db" if "transactional_db" in names else "db")
    with watched() as locks:
        yield
    assert locks.wrong == []


@pytest.fixture(autouse=True)
def declared_moves(request: pytest.FixtureRequest) -> Iterator[None]:
    """Check in every test of machines that no step moves a machine to a state that the step does not declare."""
    if "world" not in request.fixturenames:
        yield
        return
    from tests.machines.declared import watched

    with watched(request.getfixturevalue("monkeypatch")) as wrong:
        yield
    assert wrong == []
