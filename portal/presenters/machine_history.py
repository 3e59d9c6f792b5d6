"""The history of a machine, as its page shows it."""

from machines.models import Event, Machine
from machines.states import State
from portal.presenters.tones import tone_of

EVENTS = 30  # the newest lines that the page shows


def history(machine: Machine) -> list[tuple[Event, str, str]]:
    """Return (event, its sentence, its tone), newest first. A change of state without a note says the state."""
    events = machine.events.select_related("by")[:EVENTS]
    return [(event, str(event.note) or str(State(event.to_state).label), _tone(event)) for event in events]


def _tone(event: Event) -> str:
    return tone_of(event.to_state) if event.kind == Event.Kind.MOVED else ""
