"""Steps of the desk with their forms and the words on their buttons: of one computer, and of all computers of an offer at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from nodes import states
from nodes.models import Computer
from nodes.states import State
from portal.forms.desk_forms import StepForm, step_form


@dataclass(frozen=True, slots=True)
class OfferedStep:
    """A step that the computer allows, with its form."""

    name: str
    form: StepForm
    label: "Promise | str"


def steps_of(
    state: str, before: str, failed: tuple[str, StepForm] | None = None
) -> tuple[OfferedStep | None, list[OfferedStep]]:
    """Return the step for which a computer waits, if any, and the others.

    before: the state from which it came into this one. failed: the step whose form has a fault, and that form.
    """
    name, form = failed or ("", None)
    offered = [
        OfferedStep(step, form if form and step == name else step_form(step, state), _label(step, state))
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

# What a press does with all computers that are in a state: the words for several of them, and for all.
TOGETHER: dict[str, tuple[State, "Promise | str", "Promise | str"]] = {
    "accept": (State.OFFERED, gettext_lazy("Accept %(count)s of %(all)s"), gettext_lazy("Accept all %(all)s")),
    "receive": (
        State.ACCEPTED,
        gettext_lazy("%(count)s of %(all)s are here"),
        gettext_lazy("All %(all)s are here"),
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
    "decline": gettext_lazy("Do not accept it"),
}


@dataclass(frozen=True, slots=True)
class StepTogether:
    """A step of all computers that allow it, as its button shows it."""

    name: str
    from_state: State
    computers: list[Computer]
    all: int
    form: StepForm

    @property
    def label(self) -> str:
        if self.all == 1:
            return str(_ONE[self.name])
        _state, some, every = TOGETHER[self.name]
        words = every if len(self.computers) == self.all else some
        return str(words) % {"count": len(self.computers), "all": self.all}


def steps_together(
    computers: Sequence[Computer], failed: tuple[str, StepForm] | None = None
) -> dict[str, StepTogether]:
    """Return the steps that some of the computers allow, by name. failed: the step whose form has a fault, and that form."""
    name, form = failed or ("", None)
    offered = {}
    for step, (state, _some, _every) in TOGETHER.items():
        if fitting := [computer for computer in computers if computer.state == state]:
            shown = form if form and step == name else step_form(step, "")
            offered[step] = StepTogether(step, state, fitting, len(computers), shown)
    return offered
