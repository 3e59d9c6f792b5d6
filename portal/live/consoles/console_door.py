"""The door to consoles: portal.access decides, about a person who is signed in now. Short database calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from accounts.audit.trail import asked_from
from machines.models import Machine
from portal import access
from portal.audited import note_use
from portal.live import rights
from portal.live.entry import Entry, Refused

LOG, SERIAL = "console", "serial_console"  # verbs of portal.access


@dataclass(frozen=True, slots=True)
class Place:
    """The server whose console it is."""

    server_id: str  # '' while the machine has none
    project: str


def look(entry: Entry, machine_id: UUID, verb: str) -> Place:
    """Return where the console is. Raises Refused (401, 403, or 404 where this person has nothing to do with such a machine)."""
    person = rights.person_now(entry)
    machine = access.in_care_of(person).alive().select_related("owner", "template").filter(pk=machine_id).first()
    if machine is None:
        raise Refused(404, "machine")
    if not access.may(person, verb, machine):
        raise Refused(403, "forbidden")
    with asked_from(entry.address):
        note_use(machine, verb, by=person)
    return Place(machine.server_id, machine.project)


def still(seen: Sequence[tuple[Entry, UUID, str]]) -> dict[int, Place]:
    """Return by its place in `seen` who still may, and where the console is now. Two queries for all, and one for each teacher of a course."""
    people = rights.still([entry for entry, _machine, _verb in seen])
    machines = Machine.objects.alive().select_related("template").in_bulk([machine for _entry, machine, _verb in seen])
    return {
        place: Place(machine.server_id, machine.project)
        for place, person in people.items()
        if (machine := machines.get(seen[place][1])) and access.may(person, seen[place][2], machine)
    }
