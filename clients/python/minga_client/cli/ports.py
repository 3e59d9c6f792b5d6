"""Commands for the ports of a machine."""

import time
from argparse import Namespace

from ..client import Client
from ..errors import MingaError
from ..models import Access, Machine
from .output import as_json, say, table
from .session import client, find

LONGEST_WAIT = 30.0  # seconds; a port opens in less than one


def open_(args: Namespace) -> None:
    """Open a port and print its address; one that is open already has its address printed."""
    minga = client()
    machine = find(minga, args.machine, among=("running",))
    port = _of(minga, machine, args.port)
    if port is not None and args.allow:  # to whom it is open already is not told
        raise MingaError(
            f"Port {args.port} is open already, perhaps to others too. Close it first: minga close {args.port}"
        )
    port = port or minga.open_port(machine.id, args.port, scheme=args.scheme, allow=args.allow)
    port = _opened(minga, machine, port)
    as_json(port) if args.json else say(address(port))


def _of(minga: Client, machine: Machine, inside: int) -> Access | None:
    return next((port for port in minga.ports(machine.id) if port.target_port == inside), None)


def _opened(minga: Client, machine: Machine, port: Access) -> Access:
    until = time.monotonic() + LONGEST_WAIT
    while port.state == "opening" and time.monotonic() < until:
        time.sleep(0.3)
        port = next((each for each in minga.ports(machine.id) if each.id == port.id), port)
    if port.state == "failed":
        raise MingaError(port.note or "The port could not be opened.")
    return port


def address(port: Access) -> str:
    return port.url or port.command or f"{port.host}:{port.port}"


def close(args: Namespace) -> None:
    minga = client()
    machine = find(minga, args.machine)
    port = _of(minga, machine, args.port)
    if port is None:
        raise MingaError(f"Port {args.port} of {machine.name} has no public address.")
    minga.close_port(machine.id, port.id)


def ports(args: Namespace) -> None:
    minga = client()
    found = list(minga.ports(find(minga, args.machine).id))
    if args.json:
        return as_json(found)
    table(("PORT", "STATE", "ADDRESS"), [(str(port.target_port), port.state, address(port)) for port in found])
