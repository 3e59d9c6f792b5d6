"""Ports of 127.0.0.1 for what tests start.

They lie outside the range from which Linux takes a port for whoever calls out or asks for any (32768-60999, as it comes): nobody
gets one between its choice and its use, nor while the process that had it is started again. Each worker has its own share.
"""

import contextlib
import itertools
import json
import os
import random
import socket
from pathlib import Path

from deploy.local.free_ports import VPS_PORTS
from deploy.local.installation import PORTS

HERE = "127.0.0.1"
SINGLE = range(61_000, 65_536)
IN_ROWS = range(10_000, 20_000)  # below those of test clouds and of whole stacks
OF_STACKS = range(23_000, 30_000, VPS_PORTS)  # public ports of machines: the first of each block

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def _share(ports: range) -> range:
    size = len(ports) // _workers
    return ports[_worker * size : (_worker + 1) * size]


def _in_turn(ports: range) -> "itertools.cycle[int]":
    """Return them over and over, from anywhere on: another run on this computer has the same share."""
    first = random.randrange(len(ports))
    return itertools.cycle([*ports[first:], *ports[:first]])


_single = _in_turn(_share(SINGLE))
_blocks = itertools.cycle(OF_STACKS[_worker % len(OF_STACKS) :: _workers])


def _is_free(port: int) -> bool:
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind((HERE, port))
        return True
    return False


def free_port() -> int:
    """Return a port at which nobody listens, and that no test of this worker has had for long."""
    return next(filter(_is_free, itertools.islice(_single, len(SINGLE))))


def free_range(size: int) -> int:
    """Return the first of `size` ports in a row at which nobody listens."""
    share = _share(IN_ROWS)
    while True:
        first = random.randrange(share.start, share.stop - size)
        if all(map(_is_free, range(first, first + size))):
            return first


def settle(data: Path) -> None:
    """Choose the ports of a stack that has none yet. The launcher would take them at random, and all stacks' machines the same block."""
    file = data / "ports.json"
    kept = json.loads(file.read_text()) if file.exists() else {"vps_first": next(_blocks)}
    file.write_text(json.dumps({name: free_port() for name in PORTS} | kept))
