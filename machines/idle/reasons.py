"""Reasons for what the system does, in the words that the machine's history and its owner read."""

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from lib.notes import Note
from lib.notes import two_forms as ngettext  # under this name makemessages finds a plural
from machines.idle.forecast import Outlook

QUIET = ngettext("Nobody has used it for %(count)s minute.", "Nobody has used it for %(count)s minutes.")
NOT_VISITED = ngettext(
    "Nobody has come in for %(count)s minute since it was started.",
    "Nobody has come in for %(count)s minutes since it was started.",
)
NO_ANSWER = ngettext(
    "Put to sleep: not used for %(count)s minute, and nobody answered. Nothing is lost.",
    "Put to sleep: not used for %(count)s minutes, and nobody answered. Nothing is lost.",
)
UNTOLD = ngettext(
    "Put to sleep: not used for %(count)s hour, and no message reached its owner. Nothing is lost.",
    "Put to sleep: not used for %(count)s hours, and no message reached its owner. Nothing is lost.",
)
ASLEEP_LONG = ngettext("Asleep for %(count)s hour.", "Asleep for %(count)s hours.")
UNUSED = ngettext("Not used for %(count)s day.", "Not used for %(count)s days.")
KEPT = ngettext("Archived for %(count)s day.", "Archived for %(count)s days.")
BIN_OVER = ngettext("It was in the recycle bin for %(count)s day.", "It was in the recycle bin for %(count)s days.")
FOR_ROOM = _("The cluster is full, and somebody waits for room. Its disk is kept.")
SLEEP_FOR_ROOM = _("The cluster is full, somebody waits for room, and nobody answered. Nothing is lost.")
CAME_BACK = _("It is in use again, or somebody keeps it awake.")
NO_QUESTION = _("It is no longer a question: the machine was used, or has gone another way.")


def _counted(forms: tuple[str, str], past: timedelta, unit: timedelta) -> Note:
    return Note(forms[0], {"count": max(0, int(past / unit))}, forms[1])


def quiet(outlook: Outlook, forms: tuple[str, str], unit: timedelta = timedelta(minutes=1)) -> Note:
    return _counted(forms, outlook.now - (outlook.quiet_since or outlook.now), unit)


def silence(outlook: Outlook) -> Note:
    return quiet(outlook, NO_ANSWER) if outlook.was_delivered else quiet(outlook, UNTOLD, timedelta(hours=1))


def asleep_long(outlook: Outlook) -> Note:
    return _counted(ASLEEP_LONG, outlook.now - outlook.facts.machine.state_since, timedelta(hours=1))


def unused(outlook: Outlook) -> Note:
    return _counted(UNUSED, outlook.now - outlook.facts.machine.used_at, timedelta(days=1))


def archived_long(outlook: Outlook) -> Note:
    return _counted(KEPT, outlook.now - outlook.facts.machine.state_since, timedelta(days=1))


def binned_long(outlook: Outlook) -> Note:
    return _counted(BIN_OVER, outlook.now - (outlook.facts.machine.binned_at or outlook.now), timedelta(days=1))
