"""`make run` of this version starts on the folder of a killed 0.3.0: it migrates, and the machines run on behind their ports."""

import signal
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any

import httpx
import psycopg
import pytest

from tests.journeys.stack import Stack
from tests.tunnels.agent_stage import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("upgrade-of-make-run")]
SECONDS = 30.0  # until a port answers, on a busy computer
# Machines that run on: a server each, nothing asked of them, and a web page behind an open port.
RUN_ON = """
SELECT t.port, m.server_id FROM machines_machine m JOIN accounts_user u ON u.id = m.owner_id JOIN tunnels_tunnel t ON t.holder = m.id
WHERE m.state = 'running' AND m.wanted = 'running' AND m.cloud_status = 'active' AND m.resets_asked = m.resets_done
  AND t.state = 'open' AND t.wanted = 'open' AND t.service = 'http' AND t.allow = '[]' AND u.is_active
"""
STATES = "SELECT id, name, state, wanted, server_id FROM machines_machine WHERE state <> 'gone'"


def rows(stack: Stack, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(stack.database_url) as database:
        return database.execute(query.encode()).fetchall()


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, dict[int, str], list[tuple[Any, ...]]]]:
    """The new version on the old folder; the ports that must answer, each with its server; and the machines of before."""
    from tests.upgrade import old_installation

    data = tmp_path_factory.mktemp("upgrade") / "data"
    ports, machines = old_installation.make(data, RUN_ON, STATES)
    stack = Stack(data, "simulated").start()
    yield stack, dict(ports), machines
    stack.stop()


def page_of(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as page:
            return str(page.read().decode())
    except (OSError, HTTPException):
        return ""


def silent(ports: dict[int, str]) -> dict[int, str]:
    """Return those of the ports that do not lead to their servers within SECONDS."""
    ends_at = time.monotonic() + SECONDS
    while ports and time.monotonic() < ends_at:
        time.sleep(0.1)
        ports = {port: server for port, server in ports.items() if f"Server {server}<" not in page_of(port)}
    return ports


def test_every_machine_that_ran_answers_at_its_port(old: Any) -> None:
    _stack, ports, _machines = old
    assert len(ports) > 20
    assert silent(ports) == {}


def test_no_machine_is_lost(old: Any) -> None:
    stack, _ports, machines = old
    now = {row[0]: row for row in rows(stack, STATES)}
    assert [name for pk, name, _state, wanted, _server in machines if wanted != "gone" and pk not in now] == []


def test_whoever_was_signed_in_stays_so(old: Any) -> None:
    from tests.upgrade.base import session_of

    stack = old[0]
    reply = httpx.get(f"{stack.url}/", cookies={"sessionid": session_of("student")}, trust_env=False)
    assert reply.status_code == 200


def test_after_kill_9_and_another_start_all_is_as_before(old: Any) -> None:
    stack, ports, _machines = old
    assert stack.process is not None
    stack.process.send_signal(signal.SIGKILL)
    stack.process.wait()
    stack.start()
    assert silent(ports) == {}
    until(lambda: dict(rows(stack, RUN_ON)).items() >= ports.items(), SECONDS)  # reported a moment after they answer
