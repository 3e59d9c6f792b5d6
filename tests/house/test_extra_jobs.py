"""Jobs of `make run` for which nothing waits: they begin once all else is up, and their failure ends nothing."""

import io
import sys
from pathlib import Path

import pytest

from deploy.local import services
from deploy.local.child import Program
from deploy.local.errors import LauncherError
from deploy.local.installation import Installation
from deploy.local.services import Service
from deploy.local.supervisor import Keeper, State, Supervisor
from tests.waiting import PATIENCE


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    (tmp_path / "run").mkdir()
    return Installation(tmp_path, 0, dict.fromkeys(("cloud",), 1), {}, io.StringIO())


def job(code: str, *, extra: bool) -> Service:
    return Service(Program("job", [sys.executable, "-S", "-c", code]), after=("web",), once=True, extra=extra)


def ended(keeper: Keeper) -> str | None:
    keeper.step({"web"})
    assert keeper.process
    keeper.process.wait(PATIENCE)
    return keeper.step({"web"})


def test_its_failure_is_a_sentence_and_no_end(here: Installation) -> None:
    keeper = Keeper(job("raise SystemExit('no room')", extra=True), here)
    assert ended(keeper) == "job failed: no room. Minga goes on without it."
    assert (keeper.state, keeper.step({"web"}), keeper.restarts) == (State.FAILED, None, 0)


def test_another_jobs_failure_ends_the_start(here: Installation) -> None:
    with pytest.raises(LauncherError, match="no room"):
        ended(Keeper(job("raise SystemExit('no room')", extra=False), here))


def test_it_does_not_begin_before_all_else_is_up(here: Installation) -> None:
    keeper = Keeper(job("", extra=True), here)
    keeper.step({"postgres"})
    assert (keeper.state, keeper.process) == (State.WAITING, None)


@pytest.mark.parametrize(("extra", "up"), [(True, True), (False, False)])
def test_the_start_does_not_wait_for_it(here: Installation, extra: bool, up: bool) -> None:
    supervisor = Supervisor(here)
    supervisor.keepers = [Keeper(job("", extra=extra), here)]
    assert supervisor._is_up is up


@pytest.mark.parametrize(
    ("environment", "built"),
    [({}, True), ({"GUESTS": "simulated"}, False), ({"STARTER_IMAGE": "off"}, False), ({"OS_CLOUD": "lab"}, False)],
)
def test_the_debian_guest_is_built_for_qemu_guests_here(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], built: bool
) -> None:
    for name in ("GUESTS", "STARTER_IMAGE", "OS_CLOUD", "OS_AUTH_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(services.shutil, "which", lambda tool: tool)
    assert services.builds_starter() is built
