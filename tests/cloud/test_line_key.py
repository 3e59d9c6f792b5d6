"""The portal's own key in guests of the local cloud: it writes a line into open terminals there, and opens nothing else."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from cloud.contract import Owner, Server, ServerSpec
from machines import host_keys, ssh_contact, terminal_lines
from machines.ssh_contact import HOST_KEYS, Guest, shown_key
from machines.terminal_lines import Written
from tests.cloud.conftest import in_group, look
from tests.cloud.local_stage import LocalStage, insist, make_key
from tests.machines.idle.guest import terminal
from tests.waiting import PATIENCE
from tunnels.dialing import Way

both = pytest.mark.parametrize("stage", in_group("guests"), indirect=True)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guest in QEMU shares the processor with all other tests, and may take longer for an answer than production waits."""
    monkeypatch.setattr(ssh_contact, "SECONDS", PATIENCE)


@pytest.fixture
def guest(
    stage: LocalStage, make_spec: Callable[..., ServerSpec], settings: Any, tmp_path: Path
) -> tuple[Server, Guest, Path]:
    """A guest that has the portal's key, and that key."""
    portal = make_key(tmp_path)
    settings.PORTAL_KEY_FILE = str(portal)
    number = uuid.uuid4()
    ours = {"line_key": terminal_lines.key_line(), "host_key": host_keys.private_file(number, 0)}
    server = stage.cloud.ensure_server(replace(make_spec(stage), **ours))
    stage.settle()
    server = look(stage, server)
    way = Way(target=(server.address, server.port_map.get(22, 22)))
    return server, Guest(way, "student", host_keys.public_line(number, 0)), portal


def address_of(guest: Guest) -> tuple[str, int]:
    assert guest.way.target
    return guest.way.target


@both
async def test_a_line_reaches_an_open_terminal(stage: LocalStage, guest: tuple[Server, Guest, Path], key: Path) -> None:
    where = guest[1]
    async with terminal(*address_of(where), key, "student", command=None) as one:
        assert await one.shows("$ ")
        told = await terminal_lines.send({where: "se va a dormir: ¿la usas?"})
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
        "server_host_key_algs": HOST_KEYS,
    }
    async with asyncssh.connect(*address_of(where), client_keys=[str(portal)], **options) as connection:
        done = await connection.run("hostname", input="x\n", check=False)
    assert guest[0].name not in str(done.stdout)


@both
async def test_with_nobody_there_nobody_is_told(stage: LocalStage, guest: tuple[Server, Guest, Path]) -> None:
    told = await terminal_lines.send({guest[1]: "hello"})
    assert told[guest[1]] == Written(fault="No terminal is open.")


@both
async def test_a_reset_brings_the_key_of_its_number(stage: LocalStage, guest: tuple[Server, Guest, Path]) -> None:
    server, where, _portal = guest
    number = uuid.uuid4()
    spec = ServerSpec(
        machine=server.machine, owner=Owner("x", "x"), name=server.name, flavor_id=stage.flavor_id, image_id=stage.image_id,
        public_keys=(terminal_lines.key_line(),), ports=frozenset({22}), host_key=host_keys.private_file(number, 1),
    )  # fmt: skip
    insist(stage.cloud.ensure_rebuilt, server.id, spec, 1)
    stage.settle()
    assert (await terminal_lines.send({where: "hello"}))[where].shown == host_keys.public_line(number, 1)


@both
async def test_a_guest_without_ours_makes_one_of_its_own(stage: LocalStage, server: Server) -> None:
    way = Way(target=(server.address, server.port_map.get(22, 22)))
    shown = await shown_key(way)
    assert str(shown).startswith("ssh-ed25519 ")
    assert await shown_key(way) == shown
