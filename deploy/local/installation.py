"""An installation on this computer: its folder, ports and secrets. Nothing here runs anything."""

import base64
import fcntl
import json
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from deploy.local import free_ports
from deploy.local.errors import LauncherError, of_os_error

ROOT = Path(__file__).resolve().parents[2]
NEEDED_BYTES = 300_000_000  # a new database is 60 MB; a guest's disk grows
PORTS = ("postgres", "redis", "cloud", "vps", "mail", "mail_page", "live")
SECRETS = ("secret_key", "database", "redis", "cloud_token", "console_token", "agent_token")


@dataclass(frozen=True)
class Installation:
    """A folder with everything that Minga keeps: the database, logs, ports, secrets, pid files."""

    data: Path
    web_port: int
    ports: dict[str, int]
    secrets: dict[str, str]
    lock: TextIO

    @property
    def url(self) -> str:
        """Return the address for people. Not 127.0.0.1, where machines' ports are: a browser sends the cookies of one name to all its ports."""
        return f"http://localhost:{self.web_port}"

    @property
    def loopback_url(self) -> str:
        """Return the address for programs, which need not look a name up. Pages redirect to `url`."""
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def mail_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['mail_page']}"

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def files(self) -> Path:
        return self.data / "files"

    def pidfile(self, name: str) -> Path:
        return self.run / f"{name}.pid"

    def log(self, name: str) -> Path:
        return self.data / "logs" / f"{name}.log"

    def secret_file(self, name: str) -> Path:
        return self.data / "secrets" / name


# A launcher that was killed while it started a process leaves the lock to that child, for the moment until the child runs its program.
HANDOVER_SECONDS = 2.0


def take(data: Path) -> TextIO:
    """Make the folder and lock it until the returned file is closed: one Minga per folder. Raises LauncherError."""
    try:
        (data / "run").mkdir(parents=True, exist_ok=True)
        (data / "files").mkdir(exist_ok=True)
        if shutil.disk_usage(data).free < NEEDED_BYTES:
            raise LauncherError(
                f"Less than 300 MB are free where {data} is. Free some room, or say DATA=<a folder on another disk>."
            )
        lock = (data / "run" / "lock").open("a+")
    except OSError as error:
        raise of_os_error(error) from None
    ends_at = time.monotonic() + HANDOVER_SECONDS
    while not _is_taken(lock):
        if time.monotonic() > ends_at:
            raise LauncherError(
                f"Minga already runs on {data}{_where(data)}. Stop it with Ctrl-C there, or say DATA=<another folder>."
            )
        time.sleep(0.05)
    return lock


def _is_taken(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _where(data: Path) -> str:
    try:
        status = json.loads((data / "run" / "status.json").read_text())
        return f" ({status['url']}, process {status['supervisor']})"
    except (OSError, ValueError, KeyError):
        return ""


def settle(data: Path, port: str, lock: TextIO) -> Installation:
    """Return the installation in a folder that we hold (see take); makes the ports and secrets that it lacks. Raises LauncherError."""
    try:
        chosen = free_ports.choose(data / "ports.json", PORTS)
        _key(data / "secrets" / "portal_key")
        _sealing_key(data / "secrets" / "machine_keys")
        return Installation(
            data, free_ports.web_port(port), chosen, {name: _secret(data / "secrets", name) for name in SECRETS}, lock
        )
    except OSError as error:
        raise of_os_error(error) from None


def _secret(folder: Path, name: str) -> str:
    """Return a long random word, made once, readable by its owner only."""
    path = folder / name
    if not path.exists() or not path.read_text().strip():
        write(path, secrets.token_hex(32))
    return path.read_text().strip()


def _key(path: Path) -> None:
    """Make the portal's own SSH key, once: it writes lines into the terminals of guests."""
    if path.exists():
        return
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    write(path, key.private_bytes(s.Encoding.PEM, s.PrivateFormat.OpenSSH, s.NoEncryption()).decode())


def _sealing_key(path: Path) -> None:
    """Make the key that seals the portal's keys of machines, once. (A Fernet key is 32 bytes in base64.)"""
    if not path.exists():
        write(path, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode() + "\n")


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner only."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    unfinished = path.with_suffix(".new")
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    unfinished.replace(path)
