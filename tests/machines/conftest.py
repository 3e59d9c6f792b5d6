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

    with time_machine.travel("2026-03-02T10:00:00+00:00", tick=True) as traveller:
        yield Clock(traveller)


@pytest.fixture
def cloud() -> "FakeCloud":
    from tests.cloud.fake import FakeCloud

    return FakeCloud()


@pytest.fixture
def world(clock: "Clock", cloud: "FakeCloud", student: "User") -> "World":
    from tests.machines.world import World

    return World(clock, cloud, student)
