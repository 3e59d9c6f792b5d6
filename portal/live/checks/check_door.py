"""The beginning of a check: who may ask for it, and what the rows say of the way to the port. Asks the database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from django.utils.translation import override

from accounts.audit.trail import asked_from
from accounts.models import User
from lib.notes import Note, Refusal
from machines.models import Machine
from machines.states import State
from portal import access
from portal.audited import note_use
from portal.live import rights
from portal.live.entry import Entry, Refused
from tunnels import dial_actions, port_checks
from tunnels.agent.protocol import SSH_PORT
from tunnels.dial_actions import AgentAway, NotDialable
from tunnels.models import Dial, Tunnel
from tunnels.states import Wanted

VERB = "check"  # of portal.access
ASLEEP = (State.SUSPENDED, State.SHELVED)
_NO_PORT = _("This machine has no public port that leads to its port %(port)s. One can be opened under “Ports”.")
_SLEEPS = _("It sleeps.")
_WAKES = _(
    "The machine sleeps. A connection from where you or your class signed in here in the last day wakes it; so does the button “Wake”."
)
_WAKE_IT = _("The machine sleeps. Wake it, then connect.")
_NOT_NOW = _("It does not run now: %(state)s.")
_NOT_RUNNING = _("The machine does not run now: %(state)s. Its page says what it is doing, and what you can do.")


class NoPort(Refusal):
    """No public port leads there, so nobody could connect."""

    code = "no_port"


@dataclass(frozen=True, slots=True)
class Gate:
    """The public port, as the rows have it."""

    host: str
    port: int
    ssh: tuple[str, int]  # where the gateway's own SSH is
    is_heard: bool  # its agent, lately
    link: str  # Gateway.link_state
    state: str  # of the tunnel
    note: Note
    allow: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """The port that is checked. `rest`: why the machine cannot answer now; empty while it runs. `dial`: by which the agent is asked."""

    machine: UUID
    port: int
    scheme: str
    rest: Note
    advice: Note  # for one that rests
    gate: Gate | None
    dial: Dial | None
    is_shut: bool  # the port of a machine that runs: nobody wants it open
    direct: tuple[str, int] | None  # where this process reaches the guest itself, and no public port leads to it
    right_at: dict[str, datetime]


def begin(entry: Entry, machine_id: UUID, port: int | None) -> Subject:
    """Read the way to a port, and ask the agent for a connection. None: the first service's port.

    Raises Refused (401, 404), access.Forbidden, NoPort.
    """
    person, machine = _found(entry, machine_id)
    tunnels = Tunnel.objects.of(machine.pk).kept().select_related("owner")
    tunnel = tunnels.first() if port is None else tunnels.filter(target_port=port).first()
    port = tunnel.target_port if tunnel else port or SSH_PORT
    if tunnel is None and port != SSH_PORT:
        raise NoPort(_NO_PORT, {"port": port})
    rest, advice = _rest(machine, tunnel)
    scheme = tunnel.scheme if tunnel else "ssh"
    gate = _gate(tunnel, timezone.now()) if tunnel else None
    direct = _direct(machine) if tunnel is None and not rest else None
    with asked_from(entry.address):
        note_use(machine, VERB, by=person)
    dial, is_shut = (None, False) if rest or direct else _dial(machine, tunnel, person)
    seen = port_checks.right_at(machine.pk, port, tunnel)
    return Subject(machine.pk, port, scheme, rest, advice, gate, dial, is_shut, direct, seen)


def _found(entry: Entry, machine_id: UUID) -> tuple[User, Machine]:
    person = rights.person_now(entry)
    mine = access.in_care_of(person).alive().select_related("owner", "template")
    machine: Machine | None = mine.filter(pk=machine_id).first()
    if machine is None:
        raise Refused(404, "machine")
    access.require(person, VERB, machine)
    return person, machine


def still(entry: Entry, machine_id: UUID) -> bool:
    """Say whether the person may still look at this machine."""
    try:
        return bool(_found(entry, machine_id))
    except (Refused, access.Forbidden):
        return False


def _rest(machine: Machine, tunnel: Tunnel | None) -> tuple[Note, Note]:
    """Return why the machine cannot answer, and what to do; two empty notes while it runs."""
    if machine.state == State.RUNNING and not machine.held_at and machine.address:
        return Note(), Note()
    if machine.state in ASLEEP:
        wakes = tunnel is not None and tunnel.wanted == Wanted.HELD and tunnel.knock
        return Note(_SLEEPS), Note(_WAKES if wakes else _WAKE_IT)
    with override("en"):
        args = {"state": Note(str(State(machine.state).label)).as_json()}
    return Note(_NOT_NOW, args), Note(_NOT_RUNNING, args)


def _gate(tunnel: Tunnel, now: datetime) -> Gate:
    gateway = tunnel.gateway
    ssh = gateway.ssh_host, gateway.ssh_port
    link, heard = gateway.link_state(now), gateway.is_heard(now)
    facts: tuple[Any, ...] = tunnel.state, tunnel.note, tuple(tunnel.allow)
    return Gate(gateway.public_host, tunnel.port, ssh, heard, link, *facts)


def _direct(machine: Machine) -> tuple[str, int] | None:
    if settings.CLOUD != "local":
        return None
    return machine.address, machine.port_map.get(str(SSH_PORT)) or SSH_PORT


def _dial(machine: Machine, tunnel: Tunnel | None, person: User) -> tuple[Dial | None, bool]:
    """Ask the agent for a connection; None where it is away, or the port is shut (then True)."""
    try:
        if tunnel:
            return dial_actions.dial(tunnel_id=tunnel.pk, by=person, trial=True), False
        return _dial_ssh(machine, person), False
    except AgentAway:
        return None, False
    except NotDialable:
        return None, True


def _dial_ssh(machine: Machine, person: User | None) -> Dial:
    return dial_actions.dial_ssh(holder=machine.pk, owner=machine.owner, address=machine.address, by=person)


def ask_ssh(machine_id: UUID) -> Dial | None:
    """Ask for one more connection, to the machine's ssh: does anything in it answer? None where it cannot be asked."""
    machine = Machine.objects.alive().filter(pk=machine_id, state=State.RUNNING).select_related("owner").first()
    if machine is None or not machine.address:
        return None
    try:
        return _dial_ssh(machine, None)
    except (AgentAway, NotDialable):
        return None
