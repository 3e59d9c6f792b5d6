"""The stage for the agent: real processes, a real sshd, real targets; only the portal is a stand-in."""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from tests import warm
from tests.ports import free_port, free_range
from tests.tunnels.agents_portal import FakePortal
from tests.tunnels.targets import HERE, Target
from tests.waiting import PATIENCE, until

SSHD = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin")


class Program:
    """A process that is ended with the test, whatever happens."""

    def __init__(self, command: list[str], log: Path, environment: dict[str, str] | None = None) -> None:
        """`environment`: what differs from ours."""
        self.command, self.log, self.starts = command, log, 0
        self.environment = {**os.environ, **(environment or {})}
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.began_at = log.tell()  # what it said before, or another with the same log, does not count
            self.process = warm.start(self.command, log=log, environment=self.environment)
        self.starts += 1

    def said(self) -> str:
        """The log since the agent's last start."""
        return self.log.read_bytes()[self.began_at :].decode()

    def kill(self) -> None:
        """kill -9, with the children that it has forked."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        self.process.kill()
        self.process.wait()


def embedded_vps(folder: Path, first_port: int, last_port: int) -> tuple[Program, int]:
    port = free_port()
    command = [sys.executable, "-m", "tunnels.embedded_vps", "--data", str(folder), "--port", str(port)]
    command += ["--first-port", str(first_port), "--last-port", str(last_port)]
    vps = Program(command, folder.with_suffix(".log"))
    until(lambda: "ready" in vps.said())
    return vps, port


def openssh_vps(folder: Path, first_port: int, last_port: int) -> tuple[Program, int]:
    """OpenSSH's own server, with the key restricted as deploy/vps/ does it."""
    assert SSHD
    folder.mkdir()
    for name in ("host_key", "agent_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    listens = ",".join(f'permitlisten="{HERE}:{port}"' for port in range(first_port, last_port + 1))
    key = (folder / "agent_key.pub").read_text()
    (folder / "authorized_keys").write_text(f"restrict,port-forwarding,{listens} {key}")
    port = free_port()
    config = {
        "ListenAddress": f"{HERE}:{port}", "HostKey": folder / "host_key", "AuthorizedKeysFile": folder / "authorized_keys",
        "PidFile": "none", "StrictModes": "no", "UsePAM": "no", "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no", "PermitRootLogin": "prohibit-password", "AllowTcpForwarding": "remote",
        "GatewayPorts": "clientspecified", "LogLevel": "ERROR",
    }  # fmt: skip
    (folder / "sshd_config").write_text("".join(f"{key} {value}\n" for key, value in config.items()))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd of Debian insists when root starts it
    vps = Program([SSHD, "-D", "-e", "-f", str(folder / "sshd_config")], folder / "sshd.log")
    until(lambda: is_listening(port))
    return vps, port


def is_listening(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((HERE, port), timeout=PATIENCE):
        return True
    return False


class Vps:
    """A gateway that runs. Each stage before it has ports that no other has had."""

    def __init__(self, folder: Path, kind: str, size: int) -> None:
        make = {"embedded": embedded_vps, "openssh": openssh_vps}[kind]
        self.folder, self.first, self.size = folder / "vps", free_range(size), size
        self.program, self.port = make(self.folder, self.first, self.first + size - 1)
        self.taken = 0

    def take(self, size: int) -> int:
        """The first of so many ports."""
        first, self.taken = self.first + self.taken, self.taken + size
        assert self.taken <= self.size, "no port is left that no test has had: give this gateway more"
        return first

    def mend(self) -> None:
        """Start it again, should a test have killed it."""
        if self.program.process.poll() is not None:
            self.program.start()
            until(lambda: is_listening(self.port))


class Stage:
    """A gateway, a stand-in portal and an agent, all running."""

    def __init__(
        self, vps: Vps, folder: Path, size: int, *options: str, environment: dict[str, str] | None = None
    ) -> None:
        vps.mend()
        self.gateway, self.size = vps, size
        self.vps, self.vps_port, self.vps_starts = vps.program, vps.port, vps.program.starts
        host_key = (vps.folder / "host_key.pub").read_text()
        place = {"ssh_host": HERE, "ssh_port": self.vps_port, "user": getpass.getuser(), "bind_address": HERE}
        self.place = {**place, "host_key": host_key}
        self.portal = FakePortal({**self.place})
        self.move(folder)
        self.agent = Program(self.agent_command("token", *options), folder / "agent.log", environment)

    def move(self, folder: Path) -> None:
        """Give the next test a folder, ports that no other test has had, and no target yet."""
        self.folder, self.first = folder, self.gateway.take(self.size)
        self.targets: list[Target] = []
        (folder / "token").write_text("sesame\n")

    @property
    def is_as_begun(self) -> bool:
        """Say whether nothing has happened to its processes, so that the next test may have them, too."""
        unharmed = self.agent.starts == 1 and self.agent.process.poll() is None and self.vps.process.poll() is None
        return (
            unharmed
            and self.vps.starts == self.vps_starts
            and self.portal.gateway == self.place
            and not self.portal.was_ill
        )

    def agent_command(self, token: str = "token", *more: str) -> list[str]:
        command = [sys.executable, "-m", "tunnels.agent", "--portal", self.portal.url]
        return [
            *command,
            "--token-file",
            str(self.folder / token),
            "--key-file",
            str(self.gateway.folder / "agent_key"),
            *more,
        ]

    def target(self, kind: str = "echo", port: int = 0) -> Target:
        self.targets.append(Target(kind, port))
        return self.targets[-1]

    def opened(self, number: int = 0, **more: Any) -> tuple[str, int]:
        """An echo behind the number-th port of the range, open. Returns the tunnel's id and the port."""
        port = self.first + number
        key = self.portal.wish(port, self.target().port, **more)
        until(lambda: self.portal.is_open(key))
        return key, port

    def held(self, number: int = 0, **more: Any) -> tuple[str, int]:
        """An echo behind the number-th port, whose machine sleeps. Returns the tunnel's id and the port."""
        port = self.first + number
        facts = {"hold": True, "probe": False, "knock": [f"{HERE}/32"], **more}
        key = self.portal.wish(port, self.target().port, **facts)
        until(lambda: self.portal.line(key).get("state") == "held")
        return key, port

    def wake(self, key: str, **more: Any) -> None:
        """Wish for the port to be opened, as when its machine is up."""
        line = self.portal.wishes[key]
        kept = {name: line[name] for name in ("scheme", "allow", "knock")}
        self.portal.wish(line["port"], line["target_port"], key=key, **{**kept, **more})

    def clear(self) -> None:
        """End all that a test has begun. The agent stays, and has told that it keeps no port any more."""
        self.portal.drop(*self.portal.wishes)
        until(lambda: self.portal.reports and self.portal.reports[-1]["revision"] == self.portal.revision)
        self._leave_nothing()
        self.portal.forget()

    def strike(self) -> None:
        """End all but the gateway."""
        self.agent.kill()
        self.portal.shutdown()
        self.portal.server_close()
        self._leave_nothing()

    def _leave_nothing(self, seconds: float = PATIENCE) -> None:
        for target in self.targets:
            target.close()
        ports = self.portal.ports & set(range(self.first, self.first + self.size))
        until(lambda: not any(is_listening(port) for port in ports), "no port listens any more", seconds)


@contextlib.contextmanager
def in_front_of(
    vps: Vps, folder: Path, size: int, *options: str, environment: dict[str, str] | None = None
) -> Iterator[Stage]:
    """`options` and `environment` are the agent's."""
    stage = Stage(vps, folder, size, *options, environment=environment)
    try:
        yield stage
    finally:
        stage.strike()


@contextlib.contextmanager
def staged(
    folder: Path, kind: str, size: int = 5, *options: str, environment: dict[str, str] | None = None
) -> Iterator[Stage]:
    """A stage with a gateway of its own."""
    vps = Vps(folder, kind, size)
    try:
        with in_front_of(vps, folder, size, *options, environment=environment) as stage:
            yield stage
    finally:
        vps.program.kill()
