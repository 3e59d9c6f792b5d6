"""Fixtures of the tunnels' tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tunnels.agent_stage import SSHD, Stage, Vps, in_front_of

KINDS = ["embedded", pytest.param("openssh", marks=pytest.mark.skipif(not SSHD, reason="no sshd on this machine"))]
PORTS_EACH = 5  # of one test
MOST_TESTS = 60  # of one module


def pytest_itemcollected(item: pytest.Item) -> None:
    """A module's tests before one kind of gateway share it: one worker runs them."""
    if isinstance(item, pytest.Function) and "shared_vps" in item.fixturenames:
        kind = item.callspec.params["shared_vps"]
        item.add_marker(pytest.mark.xdist_group(f"{item.path.stem}-{kind}"))


@pytest.fixture(scope="module", params=KINDS)
def shared_vps(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vps]:
    """The gateway of a module: once the embedded VPS, once OpenSSH's own server."""
    vps = Vps(tmp_path_factory.mktemp("gateway"), request.param, PORTS_EACH * MOST_TESTS)
    yield vps
    vps.program.kill()


@pytest.fixture(scope="module")
def left(shared_vps: Vps) -> Iterator[list[Stage]]:
    """The stage of the test before, where nothing has happened to its portal, its agent and its gateway."""
    stages: list[Stage] = []
    yield stages
    for stage in stages:
        stage.strike()


@pytest.fixture
def stage(shared_vps: Vps, left: list[Stage], tmp_path: Path) -> Iterator[Stage]:
    """A stage with ports that no other test has had."""
    if left:
        stage = left.pop()
        stage.move(tmp_path)
    else:
        stage = Stage(shared_vps, tmp_path, PORTS_EACH)
    yield stage
    if stage.is_as_begun:
        stage.clear()
        left.append(stage)
    else:
        stage.strike()


@pytest.fixture
def hasty(shared_vps: Vps, tmp_path: Path) -> Iterator[Stage]:
    """An agent that holds nobody for long."""
    with in_front_of(shared_vps, tmp_path, PORTS_EACH, "--ssh-patience", "1", "--hold-seconds", "2") as stage:
        yield stage
