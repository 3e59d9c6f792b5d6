"""Parts that commands share: the client, finding a machine, waiting for it, asking before something is lost."""

import re
import sys
import time
from collections.abc import Collection, Iterable

from ..client import Client
from ..errors import MingaError, Refused
from ..models import Machine
from . import config
from .output import printable, remark

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def client() -> Client:
    """Return a client by the configuration. Raises NotSignedIn."""
    kept = config.load()
    return Client(kept.url, kept.token)


def find(minga: Client, name: str, *, among: Iterable[str] = ()) -> Machine:
    """Return the machine of this name or id; without one, the only machine. Raises MingaError.

    `among`: states that a machine must have to be meant without its name; none is any.
    """
    if not name:
        binned = minga.machines(in_bin=True) if "archived" in among else ()
        return _the_only([*minga.machines(state=",".join(among)), *binned])
    if _ID.fullmatch(name):
        return minga.machine(name)
    found = list(minga.machines(name=name)) or list(minga.machines(name=name, in_bin=True))
    if not found:
        raise MingaError(f"You have no machine called “{name}”. See: minga ls")
    return found[0]


def _the_only(found: list[Machine]) -> Machine:
    if not found:
        raise MingaError("You have no machine for that. See: minga ls")
    if len(found) > 1:
        raise MingaError(f"Say which machine: {', '.join(machine.name for machine in found)}.")
    return found[0]


def wait_for(minga: Client, machine: Machine, states: Collection[str], seconds: float) -> Machine:
    """Wait as Client.wait does, and say on a terminal what goes on."""
    until, last = time.monotonic() + seconds, ""
    while True:
        if sys.stderr.isatty() and machine.note and machine.note != last:
            last = machine.note
            remark(f"{machine.name}: {last}")
        if machine.settled and machine.state in states:
            return machine
        if machine.settled and (machine.refused or machine.state in ("failed", "gone")):
            raise MingaError(machine.refused.note if machine.refused else machine.note or f"It is {machine.state}.")
        if time.monotonic() >= until:
            raise MingaError(f"After {seconds:.0f} s {machine.name} is still {machine.state}.")
        time.sleep(1)
        machine = _again(minga, machine)


def _again(minga: Client, machine: Machine) -> Machine:
    try:
        return minga.machine(machine.id)
    except Refused as error:
        if error.status != 404:
            raise
        raise MingaError(f"{machine.name} is no longer there.") from None


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is lost. Raises MingaError where nobody can be asked, or the answer is no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise MingaError("Nobody can be asked here whether this is meant: add --yes.")
    if input(f"{printable(question)} [y/N] ").strip().lower() not in ("y", "yes", "s", "sí", "si"):
        raise MingaError("Nothing was done.")
