"""A local cloud as a process of its own, with a client: what its tests drive."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from cloud import local
from cloud.contract import CloudBusy, Listing, Server
from cloud.local import LocalCloud
from cloud.localcloud import processes
from tests import waiting, warm
from tests.ports import free_port
from tests.waiting import PATIENCE, until

local.TIMEOUT_SECONDS = PATIENCE  # a call that is too late is CloudBusy, which most tests call no verb again for
START_SECONDS = 240.0  # the first start with QEMU builds the guest and tries KVM

Answer = TypeVar("Answer")


def insist(verb: Callable[..., Answer], *args: Any) -> Answer:
    """Call the verb again while the cloud is busy, as the sweep does."""
    ends_at = time.monotonic() + PATIENCE
    while True:
        is_last = time.monotonic() > ends_at
        try:
            return verb(*args)
        except CloudBusy:
            if is_last:
                raise
            time.sleep(waiting.PAUSE)


class LocalStage:
    """The server process on one DATA: started, killed, ended."""

    def __init__(self, data: Path, guests: str, *options: str) -> None:
        self.data = data
        self.guests = guests
        self.options = options
        self.port = free_port()
        self.process: warm.Process | None = None
        self.spare_host = "local"
        self.has_serial_consoles = guests == "qemu"
        self.flavor_id, self.flavor_ram_mb = "tiny", 256
        self.image_id = "tiny-linux" if guests == "qemu" else "simulated-linux"

    def start(self) -> "LocalStage":
        """Start the process and wait until it says that it is ready."""
        self.process = start_process(
            "--data",
            str(self.data),
            "--port",
            str(self.port),
            "--token-file",
            str(self.data / "token"),
            "--guests",
            self.guests,
            *self.options,
            log=self.data / "log",
        )
        until(lambda: "ready" in self.said(), "the local cloud is ready", START_SECONDS)
        self.cloud = LocalCloud(f"http://127.0.0.1:{self.port}", (self.data / "token").read_text())
        return self

    def said(self) -> str:
        assert self.process is not None
        assert self.process.poll() is None, (self.data / "log").read_text()
        return (self.data / "log").read_text().rpartition("--- start\n")[2]

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        assert self.process is not None
        self.cloud.close()
        self.process.send_signal(how)
        self.process.wait(PATIENCE)

    def processes(self) -> list[int]:
        return [pid for pids in processes.guests_of(self.data).values() for pid in pids]

    def settle(self) -> None:
        until(lambda: not any(server.task for server in self.servers()), "nothing in progress")

    def servers(self) -> list[Server]:
        """List them. A connection that idled while the computer stood still may be closed by the other side: then once more."""
        return insist(self._listed).servers

    def _listed(self) -> Listing:
        self.said()  # fails with the log of a process that has ended
        return self.cloud.list_servers()

    def break_server(self, server: Server) -> None:
        """Put the server into ERROR, in the cloud's database while the cloud is down: no verb breaks anything."""
        self.end()
        with sqlite3.connect(self.data / f"{self.guests}.sqlite3") as database:
            row = database.execute("select doc from servers where id = ?", (server.id,)).fetchone()
            doc = {**json.loads(row[0]), "status": "error", "fault": "broken by hand", "parked": False}
            database.execute("update servers set doc = ? where id = ?", (json.dumps(doc), server.id))
        self.start()

    def clean_up(self) -> None:
        self.end(signal.SIGKILL)
        for server_id, pids in processes.guests_of(self.data).items():
            for pid in pids:
                processes.end(pid, self.data.resolve() / "guests" / server_id / "pid")


def start_process(*options: str, log: Path) -> warm.Process:
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as output:
        output.write(b"--- start\n")
        output.flush()
        command = [sys.executable, "-m", "cloud.localcloud", *options]
        return warm.start(command, log=output, environment={**os.environ, "PYTHONUNBUFFERED": "1"})


def ssh(
    server: Server, key: Path, command: str, user: str = "student", *, seconds: float = PATIENCE
) -> subprocess.CompletedProcess[str]:
    """Run a command in a guest with OpenSSH's own client."""
    options = ["BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"]
    options += ["LogLevel=ERROR", "ConnectTimeout=60"]
    words = [word for option in options for word in ("-o", option)]
    line = ["ssh", "-F", "none", "-i", str(key), "-p", str(server.port_map.get(22, 22)), *words]
    line += [f"{user}@{server.address}", command]
    return subprocess.run(line, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)


def is_open(server: Server, port: int) -> bool:
    """Return whether something listens there."""
    try:
        socket.create_connection((server.address, server.port_map.get(port, port)), timeout=PATIENCE).close()
    except OSError:
        return False
    return True


def make_key(folder: Path, name: str = "key") -> Path:
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path
