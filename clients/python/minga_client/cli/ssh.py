"""`minga ssh`: wake the machine if it sleeps, then become ssh."""

import os
import re
from argparse import Namespace
from pathlib import Path

from ..client import Client
from ..errors import MingaError, OtherServer
from ..models import Access, Machine
from . import known_hosts
from .output import remark
from .session import client, find, wait_for

ASLEEP = ("suspended", "shelved", "suspending", "shelving")
SOON = ("new", "queued", "building", "waking", "running", *ASLEEP)
LONGEST_WAIT = 900.0  # seconds
_PLAIN = re.compile(r"[A-Za-z0-9._:-]*")  # names of hosts and of people, numeric addresses


def ssh(args: Namespace) -> None:
    """Replace this process by ssh, whose exit code is ours then."""
    minga = client()
    machine = _awake(minga, find(minga, args.machine, among=SOON))
    line = command(machine, args.rest)
    known_hosts.path().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.execvp(line[0], line)
    except FileNotFoundError:
        raise MingaError("There is no program ssh on this computer. Install OpenSSH's client.") from None


def _awake(minga: Client, machine: Machine) -> Machine:
    if machine.state == "running" and machine.settled:
        return machine
    if machine.state not in SOON:
        raise MingaError(machine.note or f"{machine.name} is {machine.state}.")
    if machine.state in ASLEEP:
        remark(f"{machine.name} is asleep. Waking it …")
        machine = minga.do(machine.id, "wake")
    return wait_for(minga, machine, ("running",), LONGEST_WAIT)


def command(machine: Machine, rest: list[str]) -> list[str]:
    """Return the words of ssh. `rest`: options and a command of the person's own, behind ours."""
    port = _way_in(machine)
    # ssh hands some of these to a shell, where the person's own configuration says so.
    if any(word.startswith("-") or not _PLAIN.fullmatch(word) for word in (port.host, port.user, machine.id)):
        raise OtherServer(f"The portal says that {machine.name} is at “{port.host}”, which is no address.")
    options = [
        f"HostKeyAlias={known_hosts.alias(machine)}",
        f"UserKnownHostsFile={known_hosts.quoted_path()}",
        "StrictHostKeyChecking=accept-new",
        "CheckHostIP=no",
        "ServerAliveInterval=30",
    ]
    flags = [word for option in options for word in ("-o", option)]
    flags += [word for file in _identities(port) for word in ("-i", file)]
    return ["ssh", "-p", str(port.port), *(["-l", port.user] if port.user else []), *flags, port.host, *rest]


def _identities(port: Access) -> list[str]:
    """Return the files of keys made by the portal that are on this computer: ssh does not try them by itself."""
    files = [Path.home() / ".ssh" / name for name in port.key_files if _PLAIN.fullmatch(name)]
    return [str(file) for file in files if file.is_file()]


def _way_in(machine: Machine) -> Access:
    found = next((port for port in machine.access if port.scheme == "ssh"), None)
    if found is None:
        raise MingaError(f"{machine.name} has no ssh. How to connect: minga show {machine.name}")
    if found.state not in ("open", "held"):
        raise MingaError(found.note or f"The way to {machine.name} is {found.state}. Try again in a moment.")
    return found
