"""Watch whether each move of a machine was declared: by the step that made it, or by what reconcile follows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import pytest

from machines.models import Machine
from machines.reconcile.drift import FOLLOWS
from machines.states import State
from machines.stepper import outcomes, worker
from machines.stepper.arrows import LEADS_TO, Step

_STEP: ContextVar[Step | None] = ContextVar("step", default=None)


@contextmanager
def watched(patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Yield a list to which each move that nobody declared is added."""
    wrong: list[str] = []
    patch.setattr(outcomes, "move", _watching(outcomes.move, wrong))
    patch.setattr(worker, "step_for", _noting(worker.step_for))
    patch.setattr(worker, "advance", _ending(worker.advance))
    yield wrong


def _watching(move: Callable[..., None], wrong: list[str]) -> Callable[..., None]:
    def watching(machine: Machine, to: str, *args: Any, **fields: Any) -> None:
        came_from = State(machine.state)
        move(machine, to, *args, **fields)
        step = _STEP.get()
        declared = LEADS_TO[step] if step else FOLLOWS.get(came_from, set())
        if to not in declared | worker.AFTER_ERROR:
            wrong.append(f"{step.__name__ if step else 'reconcile'}: {came_from} -> {to}")

    return watching


def _noting(step_for: Callable[[Machine], Step]) -> Callable[[Machine], Step]:
    def noting(machine: Machine) -> Step:
        step = step_for(machine)
        _STEP.set(step)
        return step

    return noting


def _ending(advance: Callable[..., bool]) -> Callable[..., bool]:
    """Forget the step when `advance` ends: it answers errors of the step, too."""

    def ending(*args: Any) -> bool:
        try:
            return advance(*args)
        finally:
            _STEP.set(None)

    return ending
