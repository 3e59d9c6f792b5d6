"""`make run` of this version starts on the folder of a killed 0.3.0: it migrates, and the machines run on behind their ports.

Then it is killed as computers kill, part by part and as a whole, and ended. The tests come in this order, in one worker.
"""

import signal
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any

import httpx
import psycopg
import pytest

from deploy.local import pidfiles
from tests.journeys.stack import Stack
from tests.waiting import PATIENCE, quickest, until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("upgrade-of-make-run")]
QUICK_SECONDS = 15.0
PARTS = ("worker", "beat", "agent", "disks", "web", "live", "redis", "cloud", "vps", "mail", "postgres")
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
    if stack.process and stack.process.poll() is None:
        stack.stop()


def page_of(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as page:
            return str(page.read().decode())
    except (OSError, HTTPException):
        return ""


def silent(ports: dict[int, str]) -> dict[int, str]:
    """Return those of the ports that do not lead to their servers in time."""
    ends_at = time.monotonic() + PATIENCE
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
    reply = httpx.get(f"{stack.url}/", cookies={"sessionid": session_of("student")}, trust_env=False, timeout=PATIENCE)
    assert reply.status_code == 200


def pids(stack: Stack) -> dict[str, int]:
    return {part["name"]: part["pid"] for part in stack.status.get("processes", []) if part["pid"]}


def left_of(parts: dict[str, int]) -> list[str]:
    return [name for name, pid in parts.items() if pidfiles.is_running(pid) or pidfiles.has_members(pid)]


def end(stack: Stack, which: signal.Signals) -> int:
    assert stack.process is not None
    stack.process.send_signal(which)
    return stack.process.wait(2 * PATIENCE)


def test_killed_parts_come_back(old: Any) -> None:
    stack = old[0]
    before = pids(stack)
    for name in PARTS:
        stack.kill(name)

    def are_others() -> bool:
        now = pids(stack)
        return bool(stack.status.get("ready")) and all(now.get(name) not in (None, before[name]) for name in PARTS)

    until(are_others, "all parts are up again", 2 * PATIENCE)


def test_after_kill_9_and_another_start_which_is_quick_all_is_as_before(old: Any) -> None:
    """Quick: not slower than the first one, in one of three tries, since the computer is busy with other tests."""
    stack, ports, _machines = old

    def taken_over() -> float:
        before = pids(stack)
        end(stack, signal.SIGKILL)
        stack.start()
        assert left_of(before) == []
        return stack.took[-1]

    quick = max(QUICK_SECONDS, stack.took[0])
    assert quickest(taken_over, quick, 3) < quick
    assert silent(ports) == {}
    until(lambda: dict(rows(stack, RUN_ON)).items() >= ports.items())  # reported a moment after they answer


def test_it_ends_with_nothing_left(old: Any) -> None:
    stack = old[0]
    before = pids(stack)
    assert end(stack, signal.SIGTERM) == 0
    assert left_of(before) == []
