"""A fake cloud whose consoles the live process of the tests reads, often."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.waiting import until

if TYPE_CHECKING:
    from accounts.models import User
    from machines.models import Machine
    from tests.cloud.fake import FakeCloud
    from tests.live.consoles.console_stage import Viewer
    from tests.live.process import LiveProcess


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> "FakeCloud":
    from portal.live.consoles import console_calls, tails
    from tests.cloud.fake import FakeCloud

    cloud = FakeCloud()
    monkeypatch.setattr(console_calls, "open_consoles", lambda: cloud)
    monkeypatch.setattr(tails, "PAUSE_SECONDS", 0.02)
    return cloud


@pytest.fixture
def machine(cloud: "FakeCloud", student: "User") -> "Machine":
    from tests.live.consoles.console_stage import machine_on

    return machine_on(cloud, student)


@pytest.fixture
def viewer(live: "LiveProcess", machine: "Machine", student: "User") -> "Iterator[Viewer]":
    from tests.live.consoles.console_stage import Viewer

    with Viewer(live, machine, student) as viewer:
        yield viewer
    until(lambda: not live.server.config.app.consoles.viewers, "it has left")
