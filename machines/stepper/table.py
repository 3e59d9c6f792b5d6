"""The whole life of a machine: STEPS says which one step leads from a state towards what is wanted.

A step is idempotent. It calls the cloud first and records after, so a lost request, a lost reply or a killed worker
costs one more turn and never a second server. `worker.step` calls it with a row that is claimed.
"""

import logging
from collections.abc import Callable

from cloud.contract import Cloud
from machines.models import Machine
from machines.states import State, Wanted
from machines.stepper import archive, server_spec
from machines.stepper.build import begin, leave_queue, watch_build
from machines.stepper.delete import delete, watch_delete
from machines.stepper.requests import do_once
from machines.stepper.retry import revive
from machines.stepper.sleep import shelve, suspend, wake, watch_rest, watch_wake

log = logging.getLogger(__name__)
Step = Callable[[Machine, Cloud], None]


def step_for(machine: Machine) -> Step:
    if machine.wanted != Wanted.GONE and machine.must_adopt:
        return server_spec.to_adopt
    if machine.is_misnamed and machine.has_come_true:
        return server_spec.to_rename
    return STEPS[machine.wanted, machine.state]


def rest(machine: Machine, cloud: Cloud) -> None:
    """Nothing to do."""


_TOWARDS_REST: dict[State, Step] = {
    State.NEW: begin,
    State.QUEUED: begin,
    State.BUILDING: watch_build,
    State.WAKING: watch_wake,
    State.SUSPENDING: watch_rest,
    State.SHELVING: watch_rest,
    State.SHELVED: rest,
    State.ARCHIVING: archive.watch_archive,
    State.ARCHIVED: begin,
    State.FAILED: revive,
    State.GONE: rest,
}
_BY_WISH: dict[Wanted, dict[State, Step]] = {
    Wanted.RUNNING: {**_TOWARDS_REST, State.RUNNING: do_once, State.SUSPENDED: wake, State.SHELVED: wake},
    Wanted.SUSPENDED: {**_TOWARDS_REST, State.RUNNING: suspend, State.SUSPENDED: rest},
    Wanted.SHELVED: {**_TOWARDS_REST, State.RUNNING: shelve, State.SUSPENDED: shelve},
    Wanted.ARCHIVED: {
        **_TOWARDS_REST,
        **dict.fromkeys((State.RUNNING, State.SUSPENDED, State.SHELVED), archive.archive),
        State.QUEUED: leave_queue,
        State.ARCHIVED: rest,
    },
    Wanted.GONE: {**dict.fromkeys(State, delete), State.DELETING: watch_delete, State.GONE: rest},
}
# A machine is only ever in `deleting` with the wish `gone`, which nobody can take back.
STEPS: dict[tuple[str, str], Step] = {(w, s): step for w, steps in _BY_WISH.items() for s, step in steps.items()}
