"""OpenSSH's own server as a guest has it, with terminals of its own: what is written there reaches nobody who sits at this computer."""

import asyncio
import contextlib
import getpass
import os
import subprocess
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

import asyncssh

from machines.ssh_contact import HOST_KEYS
from tests.ports import free_port
from tests.tunnels.agent_stage import SSHD, Program, is_listening
from tests.waiting import PATIENCE, until

HERE = "127.0.0.1"
OWN_TERMINALS = "mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts && mount --bind /dev/pts/ptmx /dev/ptmx"


def can_run() -> bool:
    return bool(SSHD) and os.geteuid() == 0


def make_key(folder: Path, name: str, kind: str = "ed25519") -> Path:
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", path], check=True)
    return path


def host_key(folder: Path) -> str:
    """Return the public line of the key of openssh()."""
    return " ".join((folder / "host_key.pub").read_text().split()[:2])


@contextlib.contextmanager
def openssh(folder: Path, authorized: str, more: Iterable[Path] = (), home: Path | None = None) -> Iterator[int]:
    """Start an sshd and return its port; whoever has a key of these lines gets in as ourselves. more: further host keys.

    home: a folder that stands in the place of our own home in there, with the lines in its .ssh/authorized_keys.
    """
    if not (folder / "host_key").exists():
        make_key(folder, "host_key")
    lines = folder / "authorized_keys" if home is None else home / ".ssh" / "authorized_keys"
    lines.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines.write_text(authorized)
    port = free_port()
    config = {
        "ListenAddress": f"{HERE}:{port}", "HostKey": folder / "host_key", "AuthorizedKeysFile": lines,
        "PidFile": "none", "StrictModes": "no", "UsePAM": "no", "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no", "PermitRootLogin": "prohibit-password", "LogLevel": "ERROR",
        "SetEnv": f"TMUX_TMPDIR={folder}", "Subsystem": "sftp internal-sftp",
    }  # fmt: skip
    (folder / "sshd_config").write_text("".join(f"{key} {value}\n" for key, value in config.items()))
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with open(folder / "sshd_config", "a") as file:
        file.writelines(f"HostKey {path}\n" for path in more)
    own = f"{OWN_TERMINALS} && mount --bind {home} {Path.home()}" if home else OWN_TERMINALS
    command = f"{own} && exec {SSHD} -D -e -f {folder / 'sshd_config'}"
    sshd = Program(["unshare", "--mount", "sh", "-c", command], folder / "sshd.log")
    try:
        until(lambda: is_listening(port))
        yield port
    finally:
        sshd.kill()
        _end_tmux(folder)


def _end_tmux(folder: Path) -> None:
    """End the tmux servers that shells of the guest have left."""
    for socket in folder.glob("tmux-*/*"):
        subprocess.run(["tmux", "-S", socket, "kill-server"], check=False, capture_output=True)


class Terminal:
    """A person who sits in a guest and watches."""

    def __init__(self, process: "asyncssh.SSHClientProcess[str]") -> None:
        self.process, self.seen = process, ""

    async def shows(self, words: str, seconds: float = PATIENCE) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while words not in self.seen:
                    self.seen += await self.process.stdout.read(1000)
        return words in self.seen


@contextlib.asynccontextmanager
async def terminal(
    host: str, port: int, key: Path, user: str = "", command: str | None = "echo ready; exec cat"
) -> AsyncIterator[Terminal]:
    options: dict[str, Any] = {
        "known_hosts": None,
        "agent_path": None,
        "config": None,
        "server_host_key_algs": HOST_KEYS,
    }
    async with asyncio.timeout(PATIENCE):
        connection = await asyncssh.connect(
            host, port, username=user or getpass.getuser(), client_keys=[str(key)], **options
        )
    try:
        yield Terminal(await connection.create_process(command, term_type="xterm", stderr=asyncssh.STDOUT))
    finally:
        connection.abort()  # in good order it would wait for the shell, and Dropbear's does not go
