"""A computer as anybody may see it who scans its label: kind, state, and since which month."""

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from nodes.models import Computer
from nodes.states import State
from portal.presenters.state_tones import tone_of

# Before it is here nothing is said of it: its number was never on a label that a stranger sees.
_SENTENCES: dict[str, Promise] = {
    State.RECEIVED: _("Somebody gave it. It has arrived, and its disk is wiped next."),
    State.WIPED: _("Somebody gave it. Its disk is wiped, and it is tested next."),
    State.TESTED: _("Somebody gave it. It works, and is put into service next."),
    State.IN_SERVICE: _("Somebody gave it. Today it carries machines of students."),
    State.WAITING: _("Somebody gave it. It waits for a part."),
    State.PARTS: _("Somebody gave it. Its parts keep other computers going."),
    State.LOST: _("Somebody gave it, and we cannot find it."),
    State.RETIRED: _("Somebody gave it. It carried machines of students, and has done its work."),
    State.RECYCLED: _("Somebody gave it. It was handed to those who recycle computers."),
}


def is_public(computer: Computer) -> bool:
    return computer.state in _SENTENCES


class PublicState:
    """All that the page may say of a computer."""

    def __init__(self, computer: Computer) -> None:
        self.kind = computer.get_kind_display()
        self.state = State(computer.state).label
        self.tone = tone_of(computer.state)
        self.state_icon = self.tone.replace("tone-", "house-")
        self.sentence = _SENTENCES[computer.state]
        self.is_lost = computer.state == State.LOST
        self.since = date_format(timezone.localtime(computer.state_since), "YEAR_MONTH_FORMAT")
