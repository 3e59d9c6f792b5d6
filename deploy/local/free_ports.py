"""The ports on 127.0.0.1 of each process: drawn once, kept in DATA/ports.json, drawn again only when another program has one."""

import json
import socket
from collections.abc import Iterable
from pathlib import Path

from deploy.local.errors import LauncherError

ANSWER_SECONDS = 0.5  # for a server of ours to answer on its port
VPS_PORTS = 1000  # public ports of the embedded VPS: a machine has about three


def loopbacks() -> list[str]:
    """Return this computer's own addresses. `localhost` means either, and browsers try ::1 first, so web listens at both."""
    return ["127.0.0.1", "::1"] if socket.has_ipv6 and is_free(0, "::1") else ["127.0.0.1"]


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether we may listen there. Tried with SO_REUSEADDR, as our servers listen, so a port in TIME_WAIT counts as free."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def listens(port: int) -> bool:
    """Return whether somebody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def web_port(text: str) -> int:
    """Return the port that the person asked for with PORT=. Raises LauncherError when it is taken or no port."""
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise LauncherError(
            f"PORT={text} is not a port. Say a number from 1024 to 65535, for example: make run PORT=8080."
        )
    if not all(is_free(int(text), host) for host in loopbacks()):
        raise LauncherError(
            f"Port {text} is already in use on this computer. Say another one, for example: make run PORT={_other(int(text))}."
        )
    return int(text)


def _other(port: int) -> int:
    return next(
        (other for other in range(port + 1, min(port + 100, 65536)) if all(is_free(other, h) for h in loopbacks())),
        free_port(),
    )


def choose(path: Path, names: Iterable[str]) -> dict[str, int]:
    """Return a port for each name: the one kept in the file if it is still free, else a new one. Writes the file."""
    kept = _read(path)
    ports: dict[str, int] = {}
    for name in names:
        port = kept.get(name, 0)
        while not port or port in ports.values() or not is_free(port):
            port = free_port()
        ports[name] = port
    ports["vps_first"] = kept.get("vps_first") or _free_block()
    ports["vps_last"] = ports["vps_first"] + VPS_PORTS - 1
    path.write_text(json.dumps(ports, indent=1))
    return ports


def _read(path: Path) -> dict[str, int]:
    try:
        kept = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return {name: port for name, port in kept.items() if isinstance(port, int)} if isinstance(kept, dict) else {}


def _free_block() -> int:
    """Return the first port of a block of VPS_PORTS of which at least nine in ten are free.

    Below 32768, where Linux starts to hand out ports to outgoing connections; a test cloud of OpenStack uses 20010-21018
    and 30010-31018. The range is kept for ever: students have written its ports down.
    """
    for first in range(23000, 30000, VPS_PORTS):
        if sum(is_free(port) for port in range(first, first + VPS_PORTS, 50)) >= 18:
            return first
    raise LauncherError(
        "No block of 1000 ports is free between 23000 and 29999. Stop what listens there, then try again."
    )
