"""deploy/vps/setup.sh: its files, read by a real sshd, let the agent's key listen on the range and do nothing else."""

import getpass
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from tests.ports import free_port, free_range
from tests.tunnels.agent_stage import SSHD, Program, is_listening, openssh_vps
from tests.tunnels.targets import HERE
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).resolve().parents[2]
FIRST = free_range(3)
pytestmark = pytest.mark.xdist_group("vps-setup")


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)


def _setup(*options: str) -> subprocess.CompletedProcess[str]:
    return _run("sh", str(ROOT / "deploy/vps/setup.sh"), *options)


def _with_snippet(folder: Path, port: int) -> str:
    """Return sshd's plain settings without those that setup.sh makes, and then what setup.sh wrote."""
    replaced = ("ListenAddress", "AuthorizedKeysFile", "AllowTcpForwarding", "GatewayPorts")
    config = (folder / "vps" / "sshd_config").read_text().splitlines()
    lines = [line for line in config if line.split()[0] not in replaced]
    snippet = (folder / f"50-{getpass.getuser()}.conf").read_text()
    return "\n".join([*lines, f"ListenAddress {HERE}:{port}", snippet])


@pytest.fixture(scope="module")
def vps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[asyncssh.SSHClientConnectionOptions]:
    """sshd with the files of setup.sh behind its plain settings. One for all: no test leaves a connection behind."""
    if not SSHD:
        pytest.skip("no sshd on this machine")
    folder = tmp_path_factory.mktemp("setup")
    plain, _port = openssh_vps(folder / "vps", FIRST, FIRST)
    plain.kill()
    key = (folder / "vps" / "agent_key.pub").read_text().strip()
    ports = ["--first-port", str(FIRST), "--last-port", str(FIRST + 1)]
    done = _setup("--key", key, *ports, "--user", getpass.getuser(), "--into", str(folder))
    assert done.returncode == 0, done.stderr
    (folder / "config").write_text(_with_snippet(folder, port := free_port()))
    program = Program([SSHD, "-D", "-e", "-f", str(folder / "config")], folder / "log")
    until(lambda: is_listening(port))
    yield asyncssh.SSHClientConnectionOptions(
        host=HERE,
        port=port,
        username=getpass.getuser(),
        client_keys=[str(folder / "vps" / "agent_key")],
        known_hosts=None,
        config=None,
        agent_path=None,
    )
    program.kill()


def _nothing(*_args: object) -> None:
    return None


async def test_the_key_may_listen_on_the_range_for_the_whole_world(vps: asyncssh.SSHClientConnectionOptions) -> None:
    async with asyncssh.connect(HERE, options=vps) as ssh, await ssh.start_server(_nothing, "", FIRST + 1) as listener:
        assert listener.get_port() == FIRST + 1


async def test_the_key_may_listen_on_no_other_port(vps: asyncssh.SSHClientConnectionOptions) -> None:
    async with asyncssh.connect(HERE, options=vps) as ssh:
        with pytest.raises(asyncssh.ChannelListenError):
            await ssh.start_server(_nothing, "", FIRST + 2)


async def test_the_key_opens_no_shell(vps: asyncssh.SSHClientConnectionOptions) -> None:
    async with asyncssh.connect(HERE, options=vps) as ssh:
        with pytest.raises(asyncssh.ChannelOpenError):
            await ssh.run("id")


async def test_the_key_leads_nowhere_else(vps: asyncssh.SSHClientConnectionOptions) -> None:
    async with asyncssh.connect(HERE, options=vps) as ssh:
        with pytest.raises(asyncssh.ChannelOpenError):
            await ssh.open_connection(HERE, 22)


async def test_the_key_listens_on_no_socket_of_unix(vps: asyncssh.SSHClientConnectionOptions, tmp_path: Path) -> None:
    async with asyncssh.connect(HERE, options=vps) as ssh:
        with pytest.raises(asyncssh.ChannelListenError):
            await ssh.start_unix_server(_nothing, str(tmp_path / "socket"))
    assert not (tmp_path / "socket").exists()


async def test_the_key_reaches_no_socket_of_unix_and_opens_no_tunnel(vps: asyncssh.SSHClientConnectionOptions) -> None:
    async with asyncssh.connect(HERE, options=vps) as ssh:
        with pytest.raises(asyncssh.ChannelOpenError):
            await ssh.open_unix_connection("/run/dbus/system_bus_socket")
        with pytest.raises(asyncssh.ChannelOpenError):
            await ssh.create_tun(lambda: asyncssh.SSHTunTapSession())


def test_its_user_may_open_enough_files(tmp_path: Path) -> None:
    done = _setup("--into", str(tmp_path), *KEY, *RANGE, "--user", "ports")
    assert done.returncode == 0, done.stderr
    files = (tmp_path / "ports-nofile.conf").read_text().split()[-1]
    # In a VPS that is a container, PAM cannot set so many, and would then leave the usual 1024.
    assert _run("sh", "-c", f"ulimit -n {files}").returncode == 0
    assert files == "65536" or _run("sh", "-c", "ulimit -n 65536").returncode != 0


def test_strangers_at_the_agent_s_address_do_not_keep_it_out(tmp_path: Path) -> None:
    done = _setup("--into", str(tmp_path), *KEY, *RANGE, "--user", "ports", "--agent", "192.0.2.7,2001:db8::/64")
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "50-ports.conf").read_text().partition("Match User")[0].splitlines()
    assert "MaxStartups 100:30:200" in lines
    unknown = SSHD and "Bad" in _run(SSHD, "-t", "-f", "/dev/null", "-o", PENALTY).stderr
    assert (PENALTY in lines) is not bool(unknown)


KEY = ["--key", "ssh-ed25519 AAAA"]
RANGE = ["--first-port", "20000", "--last-port", "20001"]
PENALTY = "PerSourcePenaltyExemptList 192.0.2.7,2001:db8::/64"


@pytest.mark.parametrize(
    "options",
    [
        [], [*KEY], ["--key"], [*KEY, "--first-port", "x", "--last-port", "9"], [*KEY, "--first-port", "30000", "--last-port", "20000"],
        [*KEY, "--first-port", "22", "--last-port", "30"], [*KEY, "--first-port", "20000", "--last-port", "24096"],
        ["--key", "AAAA", "--first-port", "20000", "--last-port", "20001"], [*KEY, "--shell", "sh"], [*KEY, *RANGE, "--agent", "vps.example.org"],
    ],
)  # fmt: skip
def test_wrong_options_are_a_sentence_and_change_nothing(tmp_path: Path, options: list[str]) -> None:
    done = _setup("--into", str(tmp_path), *options)
    assert done.returncode == 1
    assert done.stderr.startswith("setup.sh: ")
    assert list(tmp_path.iterdir()) == []
