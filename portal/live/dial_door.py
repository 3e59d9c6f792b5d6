"""The door to a machine's connections: portal.access decides, about a person who is signed in now."""

from collections.abc import Sequence
from uuid import UUID

from accounts.audit.trail import asked_from
from accounts.models import User
from machines import ssh_ways
from machines.models import Machine
from portal import access
from portal.audited import note_use
from portal.live import rights
from portal.live.entry import Entry, Refused
from tunnels import dial_actions, dialing
from tunnels.agent.protocol import SSH_PORT
from tunnels.models import Tunnel
from tunnels.states import Wanted

VERB = "dial"  # of portal.access


def way(entry: Entry, machine_id: UUID, port: int) -> dialing.Way:
    """Return a way to a port of a machine: one with an open tunnel, or ssh. Asks the database.

    Raises Refused (401: the entry is no longer good; 404: no machine that this person may know of), access.Forbidden, NotDialable, AgentAway.
    """
    person, machine = theirs(entry, machine_id)
    found = _way(machine, port, person)
    with asked_from(entry.address):
        note_use(machine, "connect", by=person)
    return found


def theirs(entry: Entry, machine_id: UUID) -> tuple[User, Machine]:
    """Return who asks, as they are now, and the machine that they may connect to. Raises Refused and access.Forbidden, as `way`."""
    person = rights.person_now(entry)
    machine = access.visible(person, Machine).select_related("owner", "template").filter(pk=machine_id).first()
    if machine is None:
        raise Refused(404, "machine")
    access.require(person, VERB, machine)
    return person, machine


def _way(machine: Machine, port: int, person: User) -> dialing.Way:
    if port == SSH_PORT:
        return ssh_ways.way_to_ssh(machine, by=person)
    tunnel = Tunnel.objects.of(machine.pk).filter(target_port=port, wanted=Wanted.OPEN).first()
    if tunnel is None:
        raise dial_actions.closed()
    return dialing.way_to(tunnel_id=tunnel.pk, by=person)


def still(dialed: Sequence[tuple[Entry, UUID]]) -> set[int]:
    """Return the places of those who still may, in two queries for all."""
    people = rights.still([entry for entry, _machine in dialed])
    machines = Machine.objects.alive().select_related("template").in_bulk([machine for _entry, machine in dialed])
    found = {place: (person, machines.get(dialed[place][1])) for place, person in people.items()}
    return {place for place, (person, machine) in found.items() if machine and access.may(person, VERB, machine)}
