"""The history of a machine, as its page shows it."""

from django.utils.translation import gettext_noop as _

from lib.notes import Note
from machines.models import Event, Machine
from machines.states import State
from portal.presenters.tones import tone_of

EVENTS = 30  # the newest lines that the page shows
_HIDDEN = Note(_("an address that only its owner sees"))


def history(machine: Machine, *, shows_addresses: bool = True) -> list[tuple[Event, str, str]]:
    """Return (event, its sentence, its tone), newest first. A change of state without a note says the state.

    shows_addresses: of visitors. They tell where its owner is, which whoever only watches the machine need not know.
    """
    events = machine.events.select_related("by")[:EVENTS]
    return [(event, _sentence(event, shows_addresses), _tone(event)) for event in events]


def _sentence(event: Event, shows_addresses: bool) -> str:
    note = event.note
    if "address" in note.args and not shows_addresses:
        note = Note(note.text, {**note.args, "address": _HIDDEN.as_json()}, note.plural)
    return str(note) or str(State(event.to_state).label)


def _tone(event: Event) -> str:
    return tone_of(event.to_state) if event.kind == Event.Kind.MOVED else ""
