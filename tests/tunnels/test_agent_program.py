"""The agent as a program: its start, its end, its log, and what it says of a wrong call."""

import asyncio
import json
import os
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.tunnels.agent_stage import Program, Stage, is_listening, staged
from tests.waiting import PATIENCE, until
from tunnels.agent import portal_client
from tunnels.agent.link import FIRST_PAUSE, LONGEST_PAUSE

pytestmark = pytest.mark.slow


def test_a_wrong_token_is_said(stage: Stage) -> None:
    (stage.folder / "wrong").write_text("open barley")
    stranger = Program(stage.agent_command("wrong"), stage.folder / "stranger.log")
    until(lambda: "does not know this agent's token" in stranger.said())
    stranger.kill()


async def test_a_wrong_token_is_not_asked_about_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", note)
    refused = httpx.HTTPStatusError("", request=httpx.Request("GET", "http://x"), response=httpx.Response(401))
    await portal_client._rest("asking", refused, FIRST_PAUSE)
    assert pauses[0] >= LONGEST_PAUSE / 2


def test_sigterm_ends_it_cleanly_and_closes_the_ports(stage: Stage) -> None:
    _key, port = stage.opened()
    stage.agent.process.send_signal(signal.SIGTERM)
    assert stage.agent.process.wait(PATIENCE) == 0
    until(lambda: not is_listening(port))
    assert "Traceback" not in stage.agent.said()


def test_once_opens_reports_and_ends(stage: Stage) -> None:
    stage.agent.kill()
    key = stage.portal.wish(stage.first, stage.target().port)
    once = Program(stage.agent_command("token", "--once"), stage.folder / "once.log")
    assert once.process.wait(PATIENCE) == 0
    assert "1 of 1 ports are open; gateway: connected" in once.said()
    assert stage.portal.is_open(key)


def test_a_home_that_it_may_not_look_into_is_no_hindrance(stage: Stage) -> None:
    """ProtectHome of the unit. (Nothing is forbidden to root, who may run this: a name that is too long fails likewise.)"""
    stage.agent.kill()
    stage.portal.wish(stage.first, stage.target().port)
    command = ["env", f"HOME=/{'x' * 300}", *stage.agent_command("token", "--once")]
    once = Program(command, stage.folder / "once.log")
    assert once.process.wait(PATIENCE) == 0
    assert "gateway: connected" in once.said()


@pytest.mark.parametrize("missing", ["token", "key"])
def test_a_missing_file_is_a_sentence(stage: Stage, missing: str) -> None:
    command = (
        stage.agent_command("nowhere") if missing == "token" else [*stage.agent_command(), "--key-file", "nowhere"]
    )
    agent = Program(command, stage.folder / "missing.log")
    assert agent.process.wait(PATIENCE) == 1
    assert "nowhere" in agent.said()
    assert "Traceback" not in agent.said()


@pytest.mark.parametrize("form", ["json", "text"])
def test_its_log_has_the_form_of_the_portals(tmp_path: Path, form: str) -> None:
    with staged(tmp_path, "embedded", environment={"LOG_FORMAT": form}) as stage:
        until(lambda: "connected to gateway" in stage.agent.said())
        first = stage.agent.said().splitlines()[0]
    if form == "text":
        assert not first.startswith("{")
    else:
        assert json.loads(first).items() >= {"level": "info", "logger": "agent"}.items()


def test_a_form_of_the_log_that_there_is_not_stops_its_start(stage: Stage) -> None:
    ran = subprocess.run(stage.agent_command(), env={**os.environ, "LOG_FORMAT": "xml"}, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (1, "tunnels.agent: LOG_FORMAT must be one of: text, json.\n")
