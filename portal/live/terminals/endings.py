"""Endings of a terminal's connection: the code with which the websocket is closed, a word for programs, and the sentence for its person."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop as _

from lib.notes import Note, Refusal
from portal.access import Forbidden
from portal.live.entry import Refused
from portal.live.guest_door import NotOpened

MOST_OF_A_PERSON, MOST_OF_A_MACHINE = 8, 16  # open terminals


@dataclass(frozen=True, slots=True)
class Ending:
    """`again`: the page may connect again by itself."""

    code: int
    word: str
    note: Note
    again: bool = False


RESTART = Ending(1012, "restart", Note(_("Minga restarts. This terminal comes back by itself.")), again=True)
UNSURE = Ending(
    1013, "unsure", Note(_("Minga could not look up its data just now. This goes on by itself.")), again=True
)
EXITED = Ending(4000, "exited", Note(_("This terminal is closed.")))
UNCLOSED = Ending(
    4000,
    "unclosed",
    Note(
        _(
            "The machine does not answer, so what runs in this terminal may go on there. Minga ends it if the machine answers within an hour. "
            "If not, open this terminal again later, and close it."
        )
    ),
)
ELSEWHERE = Ending(4001, "elsewhere", Note(_("This terminal is open in another window of yours.")))
LOST = Ending(4002, "lost", Note(_("The connection to the machine was lost.")), again=True)
RIGHTS = Ending(4003, "rights", Note(_("You may no longer use this machine, or you have signed out.")))
FLOOD = Ending(4008, "flood", Note(_("More came at once than the machine takes. Send large texts as a file.")))
FULL = Ending(4008, "full", Note(_("Minga carries as many terminals as it can. Try again in some minutes.")))
TOO_MANY = Ending(
    4008,
    "too_many",
    Note(
        _("You have %(count)s terminals open, over all your machines. Close one of them, then open this one."),
        {"count": MOST_OF_A_PERSON},
    ),
)
TOO_MANY_THERE = Ending(
    4008,
    "too_many_there",
    Note(
        _("This machine has %(count)s terminals open. Close one of them, then open this one."),
        {"count": MOST_OF_A_MACHINE},
    ),
)


def of(error: Exception) -> Ending:
    """Return how a terminal ends that could not be opened."""
    if isinstance(error, Forbidden) or (isinstance(error, Refused) and error.status in (401, 403, 404)):
        return RIGHTS
    if isinstance(error, NotOpened):
        return Ending(4004, error.code, error.note, again=error.again)
    if isinstance(error, Refusal):  # the agent is away, or the machine does not run
        return Ending(4004, error.code, error.note, again=error.status >= 500)
    return UNSURE


def of_right(why: str) -> Ending:
    """Return the end for a right that was looked at and is no more, or could not be looked at."""
    return UNSURE if why == "unsure" else RIGHTS


def facts(ending: Ending) -> dict[str, Any]:
    """Return what the viewer is told before the close, in the language that is active."""
    return {"type": "end", "code": ending.word, "text": str(ending.note), "again": ending.again}
