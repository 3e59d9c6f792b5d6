"""The embedded VPS does remote forwards within its range on loopback, for one key, and nothing else."""

import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.ports import free_port, free_range
from tests.tunnels.agent_stage import embedded_vps
from tests.tunnels.targets import HERE
from tests.waiting import PATIENCE

FIRST = free_range(5)
pytestmark = pytest.mark.xdist_group("embedded-vps")


@pytest.fixture(scope="module")
def vps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """A gateway for all: no test leaves a connection, and with it a port, behind."""
    folder = tmp_path_factory.mktemp("embedded") / "vps"
    program, port = embedded_vps(folder, FIRST, FIRST + 4)
    yield folder, port
    program.kill()


@asynccontextmanager
async def _signed_in(vps: tuple[Path, int], **more: Any) -> AsyncIterator[asyncssh.SSHClientConnection]:
    folder, port = vps
    facts = {
        "client_keys": [str(folder / "agent_key")],
        "agent_path": None,
        "known_hosts": None,
        "config": None,
        **more,
    }
    async with asyncssh.connect(HERE, port, username="minga", **facts) as ssh:
        yield ssh


def _nothing(*_args: Any) -> None:
    return None


async def test_a_port_of_the_range_is_forwarded(vps: tuple[Path, int]) -> None:
    async with _signed_in(vps) as ssh, await ssh.start_server(_nothing, HERE, FIRST + 4):
        socket.create_connection((HERE, FIRST + 4)).close()


ELSEWHERE = [(HERE, -1), (HERE, 5), (HERE, None), ("0.0.0.0", 0), ("", 0), ("127.0.0.2", 0)]


@pytest.mark.parametrize(("host", "number"), ELSEWHERE)
async def test_another_port_or_address_is_refused(vps: tuple[Path, int], host: str, number: int | None) -> None:
    port = 0 if number is None else FIRST + number
    async with _signed_in(vps) as ssh:
        with pytest.raises(asyncssh.ChannelListenError):
            await ssh.start_server(_nothing, host, port)


async def test_there_is_no_shell(vps: tuple[Path, int]) -> None:
    async with _signed_in(vps) as ssh:
        with pytest.raises(asyncssh.ChannelOpenError):
            await ssh.run("id")


async def test_there_is_no_way_through_to_elsewhere(vps: tuple[Path, int]) -> None:
    async with _signed_in(vps) as ssh:
        with pytest.raises(asyncssh.ChannelOpenError):
            await ssh.open_connection(HERE, vps[1])


async def test_no_unix_socket_is_forwarded(vps: tuple[Path, int], tmp_path: Path) -> None:
    async with _signed_in(vps) as ssh:
        with pytest.raises(asyncssh.ChannelListenError):
            await ssh.start_unix_server(_nothing, str(tmp_path / "socket"))


async def test_another_key_is_not_let_in(vps: tuple[Path, int]) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        async with _signed_in(vps, client_keys=[asyncssh.generate_private_key("ssh-ed25519")]):
            pass


async def test_no_password_is_let_in(vps: tuple[Path, int]) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        async with _signed_in(vps, client_keys=None, password="minga"):
            pass


def test_the_private_keys_are_for_us_alone(vps: tuple[Path, int]) -> None:
    for name in ("host_key", "agent_key"):
        assert stat.S_IMODE((vps[0] / name).stat().st_mode) == 0o600


def test_the_keys_stay_over_a_restart(vps: tuple[Path, int]) -> None:
    before = (vps[0] / "host_key.pub").read_text()
    again, _port = embedded_vps(vps[0], FIRST, FIRST + 4)
    again.kill()
    assert (vps[0] / "host_key.pub").read_text() == before


def _start(data: Path, port: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tunnels.embedded_vps", "--data", str(data), "--port", str(port)]
    return subprocess.run(
        [*command, "--first-port", "20000", "--last-port", "20001"], capture_output=True, text=True, timeout=PATIENCE
    )


def test_a_port_in_use_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server((HERE, 0)) as taken:
        done = _start(tmp_path / "vps", taken.getsockname()[1])
    assert done.returncode == 1
    assert "Choose another --port." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = _start(tmp_path / "file" / "vps", free_port())
    assert done.returncode == 1
    assert "Choose another --data folder." in done.stderr
