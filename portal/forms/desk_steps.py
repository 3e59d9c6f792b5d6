"""Steps of the desk with their forms and the words on their buttons: of one computer, and of all computers of an offer at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from lib.notes import Refusal
from nodes import states
from nodes.models import Computer, Donation
from nodes.states import State
from portal.forms.desk_forms import StepForm, step_form


@dataclass(frozen=True, slots=True)
class OfferedStep:
    """A step that the computer allows, with its form."""

    name: str
    form: StepForm
    label: "Promise | str"


def steps_of(
    row: Computer, before: str, failed: tuple[str, StepForm] | None = None
) -> tuple[OfferedStep | None, list[OfferedStep]]:
    """Return the step for which a computer waits, if any, and the others.

    before: the state from which it came into this one. failed: the step whose form has a fault, and that form.
    """
    name, form = failed or ("", None)
    state = row.state
    offered = [
        OfferedStep(step, form if form and step == name else step_form(step, state, rows=[row]), _label(step, state))
        for step in states.steps_from(state)
    ]
    awaited = _awaited(state, before)
    return (
        next((step for step in offered if step.name == awaited), None),
        [step for step in offered if step.name != awaited],
    )


def _awaited(state: str, before: str) -> str | None:
    """Return the step for which a computer waits. What carries machines, or has ended, waits for none."""
    if state in (State.WAITING, State.LOST):
        has_run = before in (State.IN_SERVICE, State.RETIRED)
        back = before if before in states.MOVES[state] else State.TESTED if has_run else State.RECEIVED
        return states.step_to(back)
    return None if state in (State.IN_SERVICE, State.RETIRED) else states.next_step(state)


_BACK = {
    "receive": gettext_lazy("Put it back among the received"),
    "wipe": gettext_lazy("Put it back among the wiped"),
    "test": gettext_lazy("Put it back among the tested"),
}
_FOUND = {
    "receive": gettext_lazy("Found: received, not wiped"),
    "wipe": gettext_lazy("Found: its disk is wiped"),
    "test": gettext_lazy("Found: wiped and tested"),
}


def _label(step: str, state: str) -> "Promise | str":
    """Return the words on a step's button; where a computer comes back they name the place, not an act."""
    words = _FOUND if state == State.LOST else _BACK if state in (State.WAITING, State.RETIRED) else {}
    if (step, state) == ("accept", State.DECLINED):
        return gettext_lazy("Accept it after all")
    return words.get(step, states.STEPS[step].label)


# ---- of all computers of an offer ----

# What a press does with all computers that are in a state: the words for several of them, and for all. In the order of their way.
TOGETHER: dict[str, tuple[State, "Promise | str", "Promise | str"]] = {
    "accept": (State.OFFERED, gettext_lazy("Accept %(count)s of %(all)s"), gettext_lazy("Accept all %(all)s")),
    "receive": (
        State.ACCEPTED,
        gettext_lazy("%(count)s of %(all)s are here"),
        gettext_lazy("All %(all)s are here"),
    ),
    "wipe": (
        State.RECEIVED,
        gettext_lazy("Record the wipe of %(count)s of %(all)s"),
        gettext_lazy("Record the wipe of all %(all)s"),
    ),
    "test": (
        State.WIPED,
        gettext_lazy("Record the test of %(count)s of %(all)s"),
        gettext_lazy("Record the test of all %(all)s"),
    ),
    "put_in_service": (
        State.TESTED,
        gettext_lazy("Put %(count)s of %(all)s into service"),
        gettext_lazy("Put all %(all)s into service"),
    ),
    "decline": (
        State.OFFERED,
        gettext_lazy("Do not accept %(count)s of %(all)s"),
        gettext_lazy("Accept none of the %(all)s"),
    ),
}
_ONE = {
    "accept": gettext_lazy("Accept it"),
    "receive": gettext_lazy("It is here"),
    "wipe": states.STEPS["wipe"].label,
    "test": states.STEPS["test"].label,
    "put_in_service": states.STEPS["put_in_service"].label,
    "decline": gettext_lazy("Do not accept it"),
}

_PICKED = {
    "accept": gettext_lazy("Accept these only"),
    "receive": gettext_lazy("Only these are here"),
    "wipe": gettext_lazy("Record the wipe of these only"),
    "test": gettext_lazy("Record the test of these only"),
    "put_in_service": gettext_lazy("Put these only into service"),
}


@dataclass(frozen=True, slots=True)
class SentTogether:
    """A press of an offer's page, which may have a fault: the step, its form, and the computers that were picked."""

    name: str
    form: StepForm
    picked: frozenset[str] = frozenset()
    fault: str = ""  # of the picks


@dataclass(frozen=True, slots=True)
class StepTogether:
    """A step of all computers that allow it, as its button shows it; or of some of them, which are picked."""

    name: str
    from_state: State
    computers: list[Computer]
    all: int
    form: StepForm
    picked: frozenset[str] = frozenset()
    fault: str = ""
    is_failed: bool = False

    @property
    def label(self) -> str:
        if self.all == 1:
            return str(_ONE[self.name])
        _state, some, every = TOGETHER[self.name]
        words = every if len(self.computers) == self.all else some
        return words % {"count": len(self.computers), "all": self.all}

    @property
    def label_of_picked(self) -> str:
        """Return the words on the button of those that were picked."""
        return str(_PICKED[self.name])

    @property
    def is_picked(self) -> bool:
        return bool(self.picked or self.fault)

    @property
    def left(self) -> str:
        """Say that those in another state stay as they are; '' where there are none."""
        count = self.all - len(self.computers)
        text = ngettext(
            "%(count)s is in another state and stays as it is.",
            "%(count)s are in another state and stay as they are.", count,
        )  # fmt: skip
        return text % {"count": count} if count else ""


def steps_together(computers: Sequence[Computer], failed: SentTogether | None = None) -> dict[str, StepTogether]:
    """Return the steps that some of the computers allow, by name, in the order of their way."""
    offered = {}
    for step, (state, _some, _every) in TOGETHER.items():
        if fitting := [computer for computer in computers if computer.state == state]:
            facts = (failed.form, failed.picked, failed.fault, True) if failed and failed.name == step else ()
            offered[step] = StepTogether(
                step, state, fitting, len(computers), *(facts or (step_form(step, "", rows=fitting),))
            )
    return offered


class NoneNamed(Refusal):
    """A step of no computer of this offer."""

    status = 400
    code = "invalid"


class NonePicked(NoneNamed):
    """A step of some computers, of which none was picked."""


def named_computers(sent: QueryDict, row: Donation) -> list[Computer]:
    """Return the computers that the button named, or those that were picked. Raises NoneNamed, also where one is of another offer."""
    is_picked = "only" in sent
    typed = set(sent.getlist("picked" if is_picked else "computer"))
    if is_picked and not typed:
        raise NonePicked(gettext_noop("Pick at least one computer."))
    named = {pk for pk in typed if pk.isascii() and pk.isdigit() and len(pk) < 10}
    found = list(row.computers.filter(pk__in=named))
    if not found or len(found) != len(typed):
        raise NoneNamed(gettext_noop("This page is out of date. Look at it again."))
    return found


def sent_together(name: str, row: Donation, sent: QueryDict) -> SentTogether:
    """Read a press of an offer's page, with what is wrong with its picks. Its form asks what the computers that were named need."""
    picked, fault = frozenset(sent.getlist("picked")), ""
    try:
        computers = named_computers(sent, row)
    except NoneNamed as refusal:
        computers = list(row.computers.filter(state=TOGETHER[name][0]))
        fault = str(refusal) if isinstance(refusal, NonePicked) else ""
    return SentTogether(name, step_form(name, "", sent, rows=computers), picked, fault)
