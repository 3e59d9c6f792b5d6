"""A line into open terminals, through a real sshd; and what the key that does it cannot do."""

import asyncio
import contextlib
import getpass
import socket
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from machines import terminal_lines
from machines.ssh_contact import SECONDS, Guest
from machines.terminal_lines import Written
from tests.accounts.postman import silent_server
from tests.machines.idle.guest import HERE, can_run, host_key, make_key, openssh, terminal
from tests.waiting import PATIENCE
from tunnels.dialing import Way

pytestmark = pytest.mark.slow

real_sshd = pytest.mark.skipif(
    not can_run(), reason="needs sshd, and root, to write into no terminals but the test's own"
)


@pytest.fixture
def keys(tmp_path: Path, settings: Any) -> tuple[Path, Path]:
    """Make the person's key and the portal's own."""
    person, portal = make_key(tmp_path, "person"), make_key(tmp_path, "portal")
    settings.PORTAL_KEY_FILE = str(portal)
    return person, portal


@pytest.fixture
def guest(tmp_path: Path, keys: tuple[Path, Path]) -> Iterator[Guest]:
    lines = f"{keys[0].with_suffix('.pub').read_text()}{terminal_lines.key_line()}\n"
    with openssh(tmp_path, lines) as port:
        yield at(port, host_key(tmp_path))


def at(port: int, known: str = "ssh-ed25519 AAAA", user: str = "") -> Guest:
    return Guest(Way(target=(HERE, port)), user or getpass.getuser(), known)


def port_of(guest: Guest) -> int:
    assert guest.way.target
    return guest.way.target[1]


async def write(guest: Guest, line: str) -> Written:
    return (await terminal_lines.send({guest: line}))[guest]


@real_sshd
async def test_a_line_reaches_every_open_terminal(guest: Guest, keys: tuple[Path, Path]) -> None:
    async with terminal(HERE, port_of(guest), keys[0]) as one, terminal(HERE, port_of(guest), keys[0]) as two:
        assert await one.shows("ready")
        assert await two.shows("ready")
        assert await write(guest, "condor se va a dormir: ¡contesta!") == Written(2)
        assert await one.shows("condor se va a dormir: ¡contesta!")
        assert await two.shows("condor se va a dormir: ¡contesta!")


@real_sshd
async def test_without_a_terminal_nobody_is_told(guest: Guest) -> None:
    assert await write(guest, "hello") == Written(fault="No terminal is open.")


@real_sshd
async def test_a_home_that_the_worker_may_not_look_into_is_no_hindrance(
    guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ProtectHome of the unit. (Nothing is forbidden to root, who may run this: a name that is too long fails likewise.)"""
    monkeypatch.setenv("HOME", f"/{'x' * 300}")
    assert await write(guest, "hello") == Written(fault="No terminal is open.")


@real_sshd
async def test_what_a_terminal_would_obey_is_not_written(guest: Guest, keys: tuple[Path, Path]) -> None:
    async with terminal(HERE, port_of(guest), keys[0]) as one:
        assert await one.shows("ready")
        assert (await write(guest, "a\x1b]0;owned\x07\x9b2Jb\r\nc")).terminals == 1
        assert await one.shows("a]0;owned2Jb c")
        assert "\x1b" not in one.seen
        assert "\x9b" not in one.seen


@real_sshd
async def test_a_stopped_terminal_does_not_keep_the_others_from_theirs(guest: Guest, keys: tuple[Path, Path]) -> None:
    stop = 'python3 -c "import termios; termios.tcflow(0, termios.TCOOFF)"; sleep 20'
    async with terminal(HERE, port_of(guest), keys[0], command=f"echo ready; {stop}") as stuck:
        assert await stuck.shows("ready")
        await asyncio.sleep(0.5)
        async with terminal(HERE, port_of(guest), keys[0]) as other:
            assert await other.shows("ready")
            assert (await write(guest, "hello")).terminals == 1
            assert await other.shows("hello")


@real_sshd
async def test_the_key_runs_no_other_command(guest: Guest, keys: tuple[Path, Path], tmp_path: Path) -> None:
    async with _as_the_portal(guest, keys) as connection:
        done = await connection.run(f"touch {tmp_path}/owned; id", input="x\n", check=False)
    assert not (tmp_path / "owned").exists()
    assert "uid=" not in str(done.stdout)


@real_sshd
async def test_the_key_gets_no_terminal(guest: Guest, keys: tuple[Path, Path]) -> None:
    async with _as_the_portal(guest, keys) as connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.run(term_type="xterm", input="x\n")


@real_sshd
async def test_the_key_opens_no_way_through(guest: Guest, keys: tuple[Path, Path]) -> None:
    async with _as_the_portal(guest, keys) as connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_connection(HERE, port_of(guest))


@real_sshd
async def test_the_key_copies_no_files(guest: Guest, keys: tuple[Path, Path]) -> None:
    async with _as_the_portal(guest, keys) as connection:
        with pytest.raises((asyncssh.Error, OSError)):
            await asyncio.wait_for(connection.start_sftp_client(), 5)


@contextlib.asynccontextmanager
async def _as_the_portal(guest: Guest, keys: tuple[Path, Path]) -> AsyncIterator[asyncssh.SSHClientConnection]:
    options: dict[str, Any] = {"username": guest.user, "known_hosts": None, "agent_path": None, "config": None}
    async with (
        asyncio.timeout(PATIENCE),
        asyncssh.connect(HERE, port_of(guest), client_keys=[str(keys[1])], **options) as connection,
    ):
        yield connection


@real_sshd
async def test_a_guest_that_does_not_know_the_key_is_no_way(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    with openssh(tmp_path, keys[0].with_suffix(".pub").read_text()) as port:
        told = await write(at(port, host_key(tmp_path)), "hello")
    assert told == Written(fault="The guest does not know the portal's key.")


@real_sshd
async def test_another_host_key_gets_no_line_and_is_named(guest: Guest, tmp_path: Path) -> None:
    other = make_key(tmp_path, "other").with_suffix(".pub").read_text().rpartition(" ")[0]
    told = await write(replace(guest, host_key=other), "hello")
    assert told == Written(fault="Its SSH shows another host key than the one that is known.", shown=guest.host_key)


async def test_a_closed_port_is_tried_again(keys: tuple[Path, Path]) -> None:
    with socket.create_server((HERE, 0)) as server:
        port = server.getsockname()[1]
    told = await write(at(port), "hello")
    assert told.again
    assert "could not be reached" in told.fault


@pytest.mark.slow
async def test_guests_that_do_not_answer_cost_five_seconds_together(keys: tuple[Path, Path]) -> None:
    with silent_server() as port:
        began = time.monotonic()
        told = await terminal_lines.send({at(port, user=f"user{number}"): "hello" for number in range(10)})
    assert time.monotonic() - began < 4 * SECONDS  # one after the other they would take ten times as long
    assert {one.fault for one in told.values()} == {"Its SSH did not answer within 5 s."}


def test_without_a_key_nothing_goes_into_guests(settings: Any) -> None:
    settings.PORTAL_KEY_FILE = ""
    assert terminal_lines.key_line() == ""


def test_a_key_file_that_is_not_there_is_no_key(settings: Any, tmp_path: Path) -> None:
    settings.PORTAL_KEY_FILE = str(tmp_path / "nothing")
    assert not terminal_lines.has_key()


def test_the_private_half_is_not_in_the_line(keys: tuple[Path, Path]) -> None:
    line = terminal_lines.key_line()
    assert line.startswith('restrict,command="')
    assert keys[1].with_suffix(".pub").read_text().split()[1] in line
    assert "\n" not in line


def test_a_line_is_one_line_and_not_too_long() -> None:
    assert terminal_lines.one_line("a\n\n b\u2028c\u202e" + "x" * 1000) == "a b c" + "x" * 295
