"""Commands inside the guests, run from the agent's host: the only place that their network lets in."""

import os
import subprocess
from pathlib import Path
from typing import Any

from cloud.contract import Server
from tests.openstack.openstack_stage import AGENT, NAMESPACE
from tests.waiting import PATIENCE

SFTP_SERVER = Path("/usr/lib/openssh/sftp-server")


def inside(*command: str, seconds: float = 40, stdin: Any = subprocess.DEVNULL) -> subprocess.CompletedProcess[str]:
    """A command in the network of the agent's host."""
    return subprocess.run(
        ["ip", "netns", "exec", NAMESPACE, *command],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        stdin=stdin,
    )


def give_sftp(server: Server, key: Path) -> None:
    """Put OpenSSH's SFTP server where the tiny guest's Dropbear looks for it. It needs the C library only, which the guest has."""
    command = "mkdir -p /usr/lib && cat > /usr/lib/sftp-server && chmod 755 /usr/lib/sftp-server"
    with SFTP_SERVER.open("rb") as file:
        said = ssh(server, key, command, stdin=file)
    assert said.returncode == 0, said.stderr


def ssh(
    server: Server, key: Path, command: str, user: str = "root", stdin: Any = subprocess.DEVNULL
) -> subprocess.CompletedProcess[str]:
    return inside(
        "ssh",
        "-F",
        "none",
        "-i",
        str(key),
        "-o",
        "BatchMode=yes",
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        "LogLevel=ERROR",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "ConnectTimeout=5",
        f"{user}@{server.address}",
        command,
        stdin=stdin,
    )


def reads_page(server: Server, source: str = AGENT) -> bool:
    """Return whether its web server answers a visitor from `source`."""
    said = inside("curl", "-s", "-o", "/dev/null", "-m", "4", "--interface", source, f"http://{server.address}/")
    return said.returncode == 0


def inside_cloud(*command: str) -> subprocess.CompletedProcess[str]:
    """A command among the processes of the cloud itself, which have a pid namespace of their own on the test bench."""
    holder = Path(os.environ.get("LABCLOUD_STATE", "/var/lib/labcloud"), "holder.pid").read_text().split()[0]
    first = Path(f"/proc/{holder}/task/{holder}/children").read_text().split()[0]
    return subprocess.run(
        ["nsenter", "-t", first, "-r", "-w", "-m", "-n", "-p", "--", *command],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
