"""Buttons of a machine: one first, sleep beside it, and a menu that says of each verb what stays and what it costs."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from machines.states import State
from machines.verbs import BUTTONS, Verb

# What people most likely want next, in this order: these stand outside the menu.
LIKELY = (Verb.RETRY, Verb.RESTORE, Verb.WAKE, Verb.SUSPEND)
_ASKED: dict[Verb, Promise | str] = {
    Verb.RETRY: _("Trying again"),
    Verb.RESTORE: _("Being restored"),
    Verb.WAKE: State.WAKING.label,
    Verb.SUSPEND: State.SUSPENDING.label,
    Verb.SHELVE: State.SHELVING.label,
    Verb.ARCHIVE: State.ARCHIVING.label,
    Verb.RESTART: _("Restarting"),
}
_MEANS: dict[Verb, Promise] = {
    Verb.SUSPEND: _("Programs and files stay as they are. Waking it takes a few seconds."),
    Verb.SHELVE: _(
        "Its disk stays; programs end. Waking it takes a few minutes; meanwhile somebody else has its place."
    ),
    Verb.ARCHIVE: _("Its disk is kept and counts as an archive; programs end. Restoring it takes a few minutes."),
    Verb.RESTART: _("Files stay, programs end. It is back in about a minute."),
    Verb.RESET: _("It starts again from its template: all that is on its disk is lost. Minga asks first."),
    Verb.DELETE: _("It goes into the recycle bin for some days, or is deleted for good. Minga asks first."),
}


def meaning_of(verb: Verb) -> str:
    """Say what stays, and what it costs."""
    return str(_MEANS.get(verb, ""))


@dataclass(frozen=True, slots=True)
class Press:
    """A verb as a button, or as a link to the page that asks first."""

    verb: Verb
    url: str
    is_main: bool = False

    @property
    def asked(self) -> str:
        """Return the words that stand for the state from the press until the answer."""
        return str(_ASKED.get(self.verb, ""))

    @property
    def meaning(self) -> str:
        """Say what stays, and what it costs."""
        return meaning_of(self.verb)


class Presses:
    """The presses of one machine, of those verbs that its reader is offered."""

    def __init__(self, verbs: set[Verb], url: str, *, is_first_build: bool) -> None:
        # Who has only just asked for a machine would not put it to sleep.
        self._offered = [Verb.DELETE] if is_first_build else list(BUTTONS)
        self._offered = [verb for verb in self._offered if verb in verbs]
        self._url = url

    @property
    def version(self) -> object:
        return self._offered

    @property
    def primary(self) -> Press | None:
        """Return what people most likely want now."""
        verb = next((verb for verb in LIKELY if verb in self._offered), None)
        return self._press(verb) if verb else None

    @property
    def front(self) -> list[Press]:
        """Return what stands outside the menu."""
        return [self._press(verb) for verb in LIKELY if verb in self._offered]

    @property
    def menu(self) -> list[Press]:
        """Return the rest, the one that destroys last."""
        return [self._press(verb) for verb in self._offered if verb not in LIKELY]

    def _press(self, verb: Verb) -> Press:
        first = next((each for each in LIKELY if each in self._offered), None)
        return Press(verb, f"{self._url}{verb}/", is_main=verb == first and verb != Verb.SUSPEND)
