"""The states to which each step of the grid may lead: declared beside the step, checked by tests against what it does."""

from collections.abc import Callable

from cloud.contract import Cloud
from machines.models import Machine
from machines.states import State

Step = Callable[[Machine, Cloud], None]
LEADS_TO: dict[Step, frozenset[State]] = {}


def leads_to(*states: State) -> Callable[[Step], Step]:
    """Declare the states to which a step may move a machine, besides those to which any error leads (worker.AFTER_ERROR).

    A step that may meet a full cluster declares QUEUED: worker.advance moves the machine there.
    """

    def declare(step: Step) -> Step:
        LEADS_TO[step] = frozenset(states)
        return step

    return declare
