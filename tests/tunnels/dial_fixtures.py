"""Fixtures of a dial from end to end: a gateway, the live process, a stage with an agent, a target that echoes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from tests.live.process import LiveProcess
from tests.tunnels.agent_stage import Vps
from tests.tunnels.dial_stage import PORTS, DialStage, dial_stage
from tests.tunnels.targets import Target


@pytest.fixture(scope="module")
def vps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vps]:
    ours = Vps(tmp_path_factory.mktemp("gateway"), "embedded", PORTS * 40)
    yield ours
    ours.program.kill()


@pytest.fixture(scope="module")
def live(django_db_setup: None) -> Iterator[LiveProcess]:
    process = LiveProcess()
    yield process
    process.stop()


@pytest.fixture
def stage(vps: Vps, tmp_path: Path, live: LiveProcess, student: User, settings: Any) -> Iterator[DialStage]:
    settings.CLOUD, settings.LIVE_INSIDE = "openstack", live.url  # guests that only the agent reaches
    with dial_stage(vps, tmp_path, live, student) as stage:
        yield stage


@pytest.fixture
def echo() -> Iterator[Target]:
    target = Target()
    yield target
    target.close()
