"""The tests of a module share a gateway, and its agent where nothing happened to it; nothing of one test reaches the next."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import warm
from tests.processes import open_sockets
from tests.tunnels.agent_stage import Program, Stage, Vps, in_front_of, is_listening
from tests.tunnels.targets import exchange
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.xdist_group("tunnels-stage")


@pytest.fixture(scope="module")
def vps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vps]:
    ours = Vps(tmp_path_factory.mktemp("gateway"), "embedded", 50)
    yield ours
    ours.program.kill()


@pytest.fixture
def stage(vps: Vps, tmp_path: Path) -> Iterator[Stage]:
    with in_front_of(vps, tmp_path, 5) as stage:
        yield stage


def test_the_next_test_finds_no_port_no_target_no_report_and_no_count(stage: Stage, tmp_path: Path) -> None:
    key, port = stage.opened(allow=["127.0.0.0/8"])
    exchange(port)
    target, agent = stage.targets[0].port, stage.agent.process.pid
    assert stage.is_as_begun
    stage.clear()
    stage.move(tmp_path)
    assert not is_listening(port)
    assert not is_listening(target)
    assert (stage.portal.wishes, stage.portal.reports, stage.portal.knocks, stage.targets) == ({}, [], [], [])
    _key, next_port = stage.opened()
    assert (next_port, stage.agent.process.pid) == (port + 5, agent)
    assert stage.portal.total(key, "bytes_in") == 0


def test_a_test_that_leaves_a_port_open_is_found(stage: Stage) -> None:
    _key, port = stage.opened()
    with pytest.raises(AssertionError, match="no port listens any more"):
        stage._leave_nothing(seconds=0.3)
    assert is_listening(port)


@pytest.mark.parametrize("happening", ["agent killed", "gateway killed", "portal ill", "gateway moved"])
def test_after_what_happened_to_a_process_nobody_takes_it_over(stage: Stage, happening: str) -> None:
    match happening:
        case "agent killed":
            stage.agent.kill()
            stage.agent.start()
        case "gateway killed":
            stage.vps.kill()
            stage.vps.start()
            until(lambda: is_listening(stage.vps_port))
        case "portal ill":
            stage.portal.is_ill = True
            stage.portal.is_ill = False
        case "gateway moved":
            stage.portal.gateway["ssh_port"] = 1
    assert not stage.is_as_begun


def test_a_gateway_that_a_test_has_killed_is_there_for_the_next(vps: Vps, tmp_path: Path) -> None:
    vps.program.kill()
    with in_front_of(vps, tmp_path, 5) as stage:
        stage.opened()


def test_a_program_is_not_credited_with_what_the_one_before_said(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("ready\n")
    program = Program(["sleep", "5"], log)
    assert program.said() == ""
    program.kill()


def test_a_program_that_is_started_warm_has_nothing_of_the_process_that_forked_it(stage: Stage) -> None:
    pid = stage.agent.process.pid
    [forker] = warm.kept
    assert os.getsid(pid) == pid
    assert Path(f"/proc/{pid}/fd/2").readlink() == stage.agent.log
    assert open_sockets(forker.process.pid)
    until(lambda: not open_sockets(pid) & open_sockets(forker.process.pid))


def test_a_program_that_is_started_warm_ends_as_a_cold_one(stage: Stage) -> None:
    stage.agent.process.send_signal(signal.SIGKILL)
    assert stage.agent.process.wait(PATIENCE) == -signal.SIGKILL
    assert stage.agent.process.poll() == -signal.SIGKILL
    refused = Program([sys.executable, "-m", "tunnels.agent", "--nonsense"], stage.folder / "log")
    assert refused.process.wait(PATIENCE) == 2
    assert "the following arguments are required" in refused.said()
