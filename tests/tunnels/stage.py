"""The stage for the agent: real processes, a real sshd, real targets; only the portal is a small stand-in that we can lead."""

import contextlib
import getpass
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil

from tests.tunnels.targets import HERE, Target

SSHD = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin")


def until(is_true: Callable[[], Any], seconds: float = 15.0) -> float:
    """Seconds that it took to become true; fails when that is too long."""
    began = time.monotonic()
    while not is_true():
        assert time.monotonic() - began < seconds, "it did not become true in time"
        time.sleep(0.02)
    return time.monotonic() - began


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


def free_range(size: int) -> int:
    """The first of `size` ports below the ephemeral ones, of which none is in use."""
    while True:
        first = random.randrange(10_000, 32_000 - size)
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            for port in range(first, first + size):
                stack.enter_context(socket.socket()).bind((HERE, port))
            return first


class Program:
    """A process that is ended with the test, whatever happens."""

    def __init__(self, command: list[str], log: Path, environment: dict[str, str] | None = None) -> None:
        """`environment`: what differs from ours."""
        self.command, self.log, self.environment = command, log, {**os.environ, **(environment or {})}
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def said(self) -> str:
        return self.log.read_text()

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
    with contextlib.suppress(OSError), socket.create_connection((HERE, port), timeout=1):
        return True
    return False


class FakePortal(ThreadingHTTPServer):
    """Holds what we wish and keeps what the agent reports; its token is "sesame"."""

    daemon_threads = True

    def __init__(self, gateway: dict[str, Any]) -> None:
        super().__init__((HERE, 0), _Handler)
        self.gateway = gateway
        self.revision = 1
        self.wishes: dict[str, dict[str, Any]] = {}
        self.reports: list[dict[str, Any]] = []
        self.questions = 0
        self.is_ill = False  # answers 503 to everything
        self.knocks: list[tuple[str, str]] = []  # tunnel, address
        self.answer = {"wakes": True, "seconds": 5, "words": "Almost there."}  # to a knock
        self.news = threading.Condition()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """An agent that is killed hangs up in the middle of a question: no news."""

    @property
    def url(self) -> str:
        return f"http://{HERE}:{self.server_address[1]}"

    def wish(self, port: int, target: int, *, key: str = "", **more: Any) -> str:
        """Wish a port open towards a port of ours. Returns the tunnel's id."""
        key = key or str(uuid.uuid4())
        with self.news:
            self.revision += 1
            line = {
                "id": key,
                "port": port,
                "host": HERE,
                "target_port": target,
                "scheme": "tcp",
                "allow": [],
                "probe": True,
            }
            self.wishes[key] = {**line, "since": self.revision, **more}
            self.news.notify_all()
        return key

    def drop(self, *keys: str) -> None:
        with self.news:
            self.revision += 1
            for key in keys:
                del self.wishes[key]
            self.news.notify_all()

    def line(self, key: str) -> dict[str, Any]:
        """What was told last of one tunnel."""
        lines = [report["tunnels"][key] for report in list(self.reports) if key in report["tunnels"]]
        return dict(lines[-1]) if lines else {}

    def is_open(self, *keys: str) -> bool:
        return all(self.line(key).get("state") == "open" for key in keys)

    def total(self, key: str, count: str) -> int:
        """The sum over all reports, each number of a report taken once as the portal does."""
        by_seq = {(report["boot"], report["seq"]): report["tunnels"] for report in self.reports}
        return sum(lines[key][count] for lines in by_seq.values() if key in lines)


class _Handler(BaseHTTPRequestHandler):
    server: FakePortal
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: Any) -> None:
        pass

    def answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def is_admitted(self) -> bool:
        self.server.questions += 1
        if self.server.is_ill:
            self.answer(503, {})
        elif self.headers["Authorization"] != "Bearer sesame":
            self.answer(401, {})
        else:
            return True
        return False

    def do_GET(self) -> None:
        if not self.is_admitted():
            return
        portal = self.server
        known = int(self.path.partition("revision=")[2].partition("&")[0])
        with portal.news:
            portal.news.wait_for(lambda: portal.revision != known, timeout=5)
            body = {"revision": portal.revision, "gateway": portal.gateway, "tunnels": list(portal.wishes.values())}
        with contextlib.suppress(OSError):
            self.answer(200, body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.is_admitted():
            return
        told = json.loads(body)
        if self.path.endswith("/knock"):
            self.server.knocks.append((told["tunnel"], told["address"]))
            self.answer(200, self.server.answer)
        else:
            self.server.reports.append(told)
            self.answer(200, {})


class Stage:
    """A gateway, a stand-in portal and an agent, all running."""

    def __init__(
        self, folder: Path, kind: str, size: int = 40, *options: str, environment: dict[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.first = free_range(size)
        make = {"embedded": embedded_vps, "openssh": openssh_vps}[kind]
        self.vps, self.vps_port = make(folder / "vps", self.first, self.first + size - 1)
        host_key = (folder / "vps" / "host_key.pub").read_text()
        user = getpass.getuser()
        self.portal = FakePortal(
            {"ssh_host": HERE, "ssh_port": self.vps_port, "user": user, "host_key": host_key, "bind_address": HERE}
        )
        self.targets: list[Target] = []
        (folder / "token").write_text("sesame\n")
        self.agent = Program(self.agent_command("token", *options), folder / "agent.log", environment)

    def agent_command(self, token: str = "token", *more: str) -> list[str]:
        command = [sys.executable, "-m", "tunnels.agent", "--portal", self.portal.url]
        return [
            *command,
            "--token-file",
            str(self.folder / token),
            "--key-file",
            str(self.folder / "vps" / "agent_key"),
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
        """Its machine is up: the port is to be opened."""
        line = self.portal.wishes[key]
        kept = {name: line[name] for name in ("scheme", "allow", "knock")}
        self.portal.wish(line["port"], line["target_port"], key=key, **{**kept, **more})

    def strike(self) -> None:
        self.agent.kill()
        self.vps.kill()
        self.portal.shutdown()
        self.portal.server_close()
        for target in self.targets:
            target.close()


@contextlib.contextmanager
def staged(
    folder: Path, kind: str, size: int = 40, *options: str, environment: dict[str, str] | None = None
) -> Iterator[Stage]:
    """`options` and `environment` are the agent's."""
    stage = Stage(folder, kind, size, *options, environment=environment)
    try:
        yield stage
    finally:
        stage.strike()
