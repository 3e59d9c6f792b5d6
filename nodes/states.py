"""States of a donated computer, the legal moves between them, and the steps by which people make them."""

from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override, pgettext_lazy


class State(models.TextChoices):
    """A place on a computer's way."""

    OFFERED = "offered", pgettext_lazy("computer", "Offered")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Not accepted")
    RECEIVED = "received", _("Received")
    WIPED = "wiped", _("Wiped")
    TESTED = "tested", _("Tested")
    IN_SERVICE = "in_service", _("In service")
    WAITING = "waiting", _("Waiting for parts")
    PARTS = "parts", _("Used for parts")
    LOST = "lost", _("Lost")
    RETIRED = "retired", pgettext_lazy("computer", "Retired")
    RECYCLED = "recycled", _("Recycled")


S = State
MOVES: dict[str, set[State]] = {
    S.OFFERED: {S.ACCEPTED, S.DECLINED},
    S.DECLINED: {S.ACCEPTED},
    S.ACCEPTED: {S.RECEIVED, S.DECLINED},
    S.RECEIVED: {S.WIPED, S.WAITING, S.PARTS, S.LOST, S.RECYCLED},
    S.WIPED: {S.TESTED, S.WAITING, S.PARTS, S.LOST, S.RECYCLED},
    S.TESTED: {S.IN_SERVICE, S.WAITING, S.PARTS, S.LOST, S.RETIRED, S.RECYCLED},
    S.IN_SERVICE: {S.RETIRED, S.WAITING, S.PARTS, S.LOST},
    S.WAITING: {S.RECEIVED, S.WIPED, S.TESTED, S.PARTS, S.LOST, S.RETIRED, S.RECYCLED},
    S.LOST: {S.RECEIVED, S.WIPED, S.TESTED},
    S.RETIRED: {S.TESTED, S.PARTS, S.LOST, S.RECYCLED},
    S.PARTS: {S.RECYCLED},
    S.RECYCLED: set(),
}
# The way of a computer for which all goes well.
WAY = (S.OFFERED, S.ACCEPTED, S.RECEIVED, S.WIPED, S.TESTED, S.IN_SERVICE, S.RETIRED, S.RECYCLED)
# Of these the donor gets a mail; of the others they read on their page.
TOLD = frozenset({S.ACCEPTED, S.DECLINED, S.RECEIVED, S.WIPED, S.IN_SERVICE, S.LOST, S.RETIRED, S.RECYCLED, S.PARTS})

# In these it stands here, whole: it can get the parts of another.
HERE = frozenset({S.RECEIVED, S.WIPED, S.TESTED, S.IN_SERVICE, S.WAITING, S.RETIRED})


@dataclass(frozen=True, slots=True)
class Step:
    """A step: the state to which it leads, and the words on its button."""

    to: State
    label: "Promise | str"


STEPS: dict[str, Step] = {
    "accept": Step(S.ACCEPTED, _("Accept")),
    "decline": Step(S.DECLINED, _("Do not accept")),
    "receive": Step(S.RECEIVED, _("Record that it is here")),
    "wipe": Step(S.WIPED, _("Record the wipe")),
    "test": Step(S.TESTED, _("Record the test")),
    "put_in_service": Step(S.IN_SERVICE, _("Put into service")),
    "wait_for_parts": Step(S.WAITING, _("It waits for parts")),
    "use_for_parts": Step(S.PARTS, _("Use it for parts")),
    "lose": Step(S.LOST, _("It is lost")),
    "retire": Step(S.RETIRED, _("Retire it")),
    "recycle": Step(S.RECYCLED, _("Hand it to recycling")),
}


def in_languages(word: models.TextChoices) -> dict[str, str]:
    """Return a word's label in each language, as an argument of a note."""
    words = {}
    for language, _name in settings.LANGUAGES:
        with override(language):
            words[language] = str(word.label)
    return words


def next_step(state: str) -> str | None:
    """Return the step on the way of a computer for which all goes well; None where there is none."""
    place = WAY.index(State(state)) + 1 if state in WAY else len(WAY)
    return step_to(WAY[place]) if place < len(WAY) else None


def is_told(before: str, to: str) -> bool:
    """Say whether the donor gets a mail of a move: of one that was lost always, and not of one that waited for parts."""
    return before == S.LOST or (to in TOLD and before != S.WAITING)


def step_to(state: str) -> str:
    """Return the name of the step that leads to a state. Raises LookupError for OFFERED, to which none does."""
    return next(name for name, step in STEPS.items() if step.to == state)


def steps_from(state: str) -> list[str]:
    """Return the steps that a state allows, in the order of STEPS."""
    return [name for name, step in STEPS.items() if step.to in MOVES[state]]


class Reason(models.TextChoices):
    """A reason not to accept a computer. No free text: the donor reads a sentence in their own language, and reports count reasons."""

    BITS = "bits", _("It is a 32-bit computer.")
    MEMORY = "memory", _("It has too little memory.")
    NETWORK = "network", _("Its network card is too slow.")
    BROKEN = "broken", _("It is broken, and parts for it cannot be had.")
    ENOUGH = "enough", _("There is no place for more computers just now.")
    NEVER_CAME = "never_came", _("It was not brought.")
    WITHDRAWN = "withdrawn", _("You took the offer back.")


class Uncertified(models.TextChoices):
    """A reason why a computer is wiped for which there is no certificate."""

    NO_DISK = "no_disk", _("It has no disk")
    NO_CERTIFICATE = "without", _("Wiped, without a certificate")


_AS_A_WHOLE = _(
    "It can still help: for writing and reading, or where people learn to repair. What nobody wants belongs where electronics are recycled."
)
_WHERE_IT_HELPS: "dict[Reason, Promise | str]" = {
    Reason.BITS: _AS_A_WHOLE,
    Reason.MEMORY: _AS_A_WHOLE,
    Reason.NETWORK: _AS_A_WHOLE,
    Reason.BROKEN: _("It belongs where electronics are recycled: its metals are used again."),
    Reason.ENOUGH: _("A school or a library near you may have a place for it. You can also offer it again later."),
    Reason.NEVER_CAME: _("If you still have it, write to us: it can be accepted after all."),
}


def where_it_helps(reason: str) -> str:
    """Say where a computer that was not accepted for this reason still helps, in the reader's language; '' where there is nothing to say."""
    return str(_WHERE_IT_HELPS.get(Reason(reason), ""))
