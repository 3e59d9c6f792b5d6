"""The whole life of a machine: GRID says which one step leads from a state towards what is wanted.

A step is idempotent. It calls the cloud first and records after, so a lost request, a lost reply or a killed worker
costs one more turn and never a second server. `worker.step` calls it with a row that is claimed. Each step declares the
states that it may lead to (arrows.leads_to); docs/states.md shows the grid with them.
"""

from enum import StrEnum

from cloud.contract import Cloud
from machines.models import Machine
from machines.states import State, Wanted
from machines.stepper.archive import archive, watch_archive
from machines.stepper.arrows import Step, leads_to
from machines.stepper.build import begin, leave_queue, take_turn, watch_build
from machines.stepper.delete import delete, watch_delete
from machines.stepper.requests import do_once
from machines.stepper.retry import revive
from machines.stepper.server_spec import adopt_server, rename_server
from machines.stepper.sleep import shelve, suspend, wake, watch_shelve, watch_suspend, watch_wake


class Chore(StrEnum):
    """A task for a machine's server that comes before the step of its state."""

    ADOPTING = "adopting"  # the server existed before the machine: it must be tagged with its owner
    MISNAMED = "misnamed"  # the machine was renamed, and is in the state that is wanted


@leads_to()
def rest(machine: Machine, cloud: Cloud) -> None:
    """Do nothing: the machine is where it should be."""


# Only a machine whose deletion is wanted is ever in `deleting`, and nobody can take that wish back: None.
GRID: dict[State | Chore, tuple[Step | None, ...]] = {
    # wanted:          running        suspended      shelved        archived       gone
    Chore.ADOPTING:   (adopt_server,  adopt_server,  adopt_server,  adopt_server,  None),
    Chore.MISNAMED:   (rename_server, rename_server, rename_server, rename_server, None),
    State.NEW:        (begin,         begin,         begin,         begin,         delete),
    State.QUEUED:     (take_turn,     take_turn,     take_turn,     leave_queue,   delete),
    State.BUILDING:   (watch_build,   watch_build,   watch_build,   watch_build,   delete),
    State.RUNNING:    (do_once,       suspend,       shelve,        archive,       delete),
    State.SUSPENDING: (watch_suspend, watch_suspend, watch_suspend, watch_suspend, delete),
    State.SUSPENDED:  (wake,          rest,          shelve,        archive,       delete),
    State.WAKING:     (watch_wake,    watch_wake,    watch_wake,    watch_wake,    delete),
    State.SHELVING:   (watch_shelve,  watch_shelve,  watch_shelve,  watch_shelve,  delete),
    State.SHELVED:    (wake,          rest,          rest,          archive,       delete),
    State.ARCHIVING:  (watch_archive, watch_archive, watch_archive, watch_archive, delete),
    State.ARCHIVED:   (begin,         begin,         begin,         rest,          delete),
    State.FAILED:     (revive,        revive,        revive,        revive,        delete),
    State.DELETING:   (None,          None,          None,          None,          watch_delete),
    State.GONE:       (rest,          rest,          rest,          rest,          rest),
}  # fmt: skip
STEPS: dict[tuple[str, str], Step] = {
    (wanted, row): step for row, steps in GRID.items() for wanted, step in zip(Wanted, steps, strict=True) if step
}


def step_for(machine: Machine) -> Step:
    """Return the step of the grid for this machine as it is now."""
    return STEPS[machine.wanted, row_of(machine)]


def row_of(machine: Machine) -> str:
    """Return the machine's row of the grid: a chore that comes first, else its state."""
    if machine.must_adopt:
        return Chore.ADOPTING
    if machine.is_misnamed and machine.has_come_true:
        return Chore.MISNAMED
    return machine.state
