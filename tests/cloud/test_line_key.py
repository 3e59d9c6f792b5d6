"""The portal's own key in guests of the local cloud: it writes a line into open terminals there, and opens nothing else."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from cloud.contract import Server, ServerSpec
from machines import terminal_lines
from machines.terminal_lines import Guest, Written
from tests.cloud.conftest import in_group, look
from tests.cloud.local_stage import LocalStage, make_key
from tests.machines.idle.guest import terminal

both = pytest.mark.parametrize("stage", in_group("guests"), indirect=True)


@pytest.fixture
def guest(
    stage: LocalStage, make_spec: Callable[..., ServerSpec], settings: Any, tmp_path: Path
) -> tuple[Server, Guest, Path]:
    """A guest that has the portal's key, and that key."""
    portal = make_key(tmp_path)
    settings.PORTAL_KEY_FILE = str(portal)
    server = stage.cloud.ensure_server(replace(make_spec(stage), line_key=terminal_lines.key_line()))
    stage.settle()
    server = look(stage, server)
    return server, Guest(server.address, server.port_map.get(22, 22), "student"), portal


@both
async def test_a_line_reaches_an_open_terminal(stage: LocalStage, guest: tuple[Server, Guest, Path], key: Path) -> None:
    where = guest[1]
    async with terminal(where.host, where.port, key, "student", command=None) as one:
        assert await one.shows("$ ")
        told = await asyncio.to_thread(terminal_lines.write, {where: "se va a dormir: ¿la usas?"})
        assert told[where] == Written(1)
        assert await one.shows("se va a dormir: ¿la usas?")


@both
async def test_the_portals_key_runs_nothing_else(stage: LocalStage, guest: tuple[Server, Guest, Path]) -> None:
    where, portal = guest[1], guest[2]
    options: dict[str, Any] = {
        "username": "student",
        "known_hosts": None,
        "agent_path": None,
        "config": None,
        "server_host_key_algs": terminal_lines.HOST_KEYS,
    }
    async with asyncssh.connect(where.host, where.port, client_keys=[str(portal)], **options) as connection:
        done = await connection.run("hostname", input="x\n", check=False)
    assert guest[0].name not in str(done.stdout)


@both
async def test_with_nobody_there_nobody_is_told(stage: LocalStage, guest: tuple[Server, Guest, Path]) -> None:
    told = await asyncio.to_thread(terminal_lines.write, {guest[1]: "hello"})
    assert told[guest[1]] == Written(fault="No terminal is open.")
