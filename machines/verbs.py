"""The verbs of people for machines: one table with their words and the states that they fit.

machines.actions has the function of each verb (ACTIONS), machines.rules decides by this table, and pages and API show it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from machines.states import State, Wanted


class Verb(StrEnum):
    """A verb of people for a machine. TABLE has its words and the states that it fits."""

    RETRY = "retry"
    RESTORE = "restore"
    WAKE = "wake"
    SUSPEND = "suspend"
    SHELVE = "shelve"
    ARCHIVE = "archive"
    RESTART = "restart"
    RESET = "reset"
    DELETE = "delete"
    BIN = "bin"
    RESCUE = "rescue"
    MOVE = "move"
    OPEN_PORT = "open_port"
    RENAME = "rename"

    @property
    def label(self) -> Any:
        """Words of its button, in the reader's language."""
        return TABLE[self].label

    @property
    def icon(self) -> str:
        return TABLE[self].icon

    @property
    def destroys(self) -> bool:
        return TABLE[self].destroys


@dataclass(frozen=True, slots=True)
class Rule:
    """Words and conditions of one verb."""

    label: Any  # words of a button, translated when they are shown
    said: str = ""  # the line of history, untranslated
    fits: frozenset[State] = frozenset()  # states in which it makes sense; machines.rules.allowed knows more conditions
    wanted: Wanted | None = None  # what it changes `wanted` to
    already: str = ""  # why not, where that is wanted already
    icon: str = ""  # of its button on a machine's page; the order of TABLE is the order of the buttons
    destroys: bool = False  # something is lost: confirm first
    for_admins: bool = False
    refused_as: str = ""  # the verb under which the cloud's refusal is kept, where that is another one


S = State
_UP = {S.BUILDING, S.RUNNING, S.WAKING}
TABLE: dict[Verb, Rule] = {
    Verb.RETRY: Rule(
        gettext_lazy("Try again"), _("Asked to try again."), frozenset({S.FAILED}), icon="again",
    ),
    Verb.RESTORE: Rule(
        gettext_lazy("Restore"), _("Asked to be restored."), wanted=Wanted.RUNNING,
        already=_("It is being restored or running already."), icon="sun",
    ),
    Verb.WAKE: Rule(
        gettext_lazy("Wake"), _("Asked to wake up."), frozenset({S.SUSPENDING, S.SUSPENDED, S.SHELVING, S.SHELVED}),
        wanted=Wanted.RUNNING, already=_("It is waking up or running already."), icon="sun",
    ),
    Verb.SUSPEND: Rule(
        gettext_lazy("Put to sleep"), _("Asked to sleep."), frozenset(_UP),
        wanted=Wanted.SUSPENDED, already=_("It is going to sleep or sleeping already."), icon="moon",
    ),
    Verb.SHELVE: Rule(
        gettext_lazy("Put it away"), _("Asked to be put away."), frozenset(_UP | {S.SUSPENDING, S.SUSPENDED}),
        wanted=Wanted.SHELVED, already=_("It is being put away already."), icon="box",
    ),
    Verb.ARCHIVE: Rule(
        gettext_lazy("Archive"), _("Asked to be archived."), frozenset({S.RUNNING, S.SUSPENDED, S.SHELVED}),
        wanted=Wanted.ARCHIVED, already=_("It is being archived or archived already."), icon="box",
    ),
    Verb.RESTART: Rule(
        gettext_lazy("Restart"), _("Asked to restart."), frozenset({S.RUNNING}), icon="again",
    ),
    Verb.RESET: Rule(
        gettext_lazy("Reset"), _("Asked to start again from its template."), frozenset({S.RUNNING}), icon="reset", destroys=True,
    ),
    Verb.DELETE: Rule(
        gettext_lazy("Delete"), _("Asked to be deleted."), icon="trash", destroys=True,
    ),
    Verb.BIN: Rule(
        gettext_lazy("Delete"), _("Put into the recycle bin."), refused_as=Verb.ARCHIVE,
    ),
    Verb.RESCUE: Rule(
        gettext_lazy("Start it from a rescue image"), _("An administrator asked for a rescue."), for_admins=True,
    ),
    Verb.MOVE: Rule(
        gettext_lazy("Move it to another computer"), _("An administrator asked to move it to another computer of the cluster."),
        for_admins=True,
    ),
    Verb.OPEN_PORT: Rule(gettext_lazy("Open this port"), fits=frozenset({S.RUNNING})),
    Verb.RENAME: Rule(gettext_lazy("Rename")),
}  # fmt: skip
BUTTONS = tuple(verb for verb, rule in TABLE.items() if rule.icon)
FOR_ADMINS = frozenset(verb for verb, rule in TABLE.items() if rule.for_admins)


def fitting(state: State) -> set[Verb]:
    """Return the verbs that make sense in this state, whatever else is known of the machine."""
    return {verb for verb, rule in TABLE.items() if state in rule.fits}
