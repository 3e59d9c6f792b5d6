"""manage.py states_page: write docs/states.md anew from the stepper's grid. A test compares the page with it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from machines.reconcile.drift import FOLLOWS
from machines.states import MOVES, State, Wanted
from machines.stepper.arrows import LEADS_TO, Step
from machines.stepper.table import GRID
from machines.stepper.worker import AFTER_ERROR

PAGE = Path(settings.BASE_DIR) / "docs" / "states.md"
_INTRO = """# The states of a machine

`manage.py states_page` writes this page from the grid in [machines/stepper/table.py](../machines/stepper/table.py); a test compares
them. People write what is wanted (a column), a worker takes the step of the cell, and the step moves the machine to another state
(a row) or leaves it where it is. `adopting` and `misnamed` are no states but chores that come first: a server that must be tagged
as its machine's, and a server that must be renamed."""
_STEPS = """## The steps

Each step declares where it may lead (`@leads_to`). An error of the cloud, or a cloud that does nothing for too long, may lead
from any step to {errors}; a full cluster leads to `queued` where the step says so."""
_FOLLOWS = """## What reconcile follows

Where somebody acts on the cloud itself, a machine that had come to rest follows its server."""
_MOVES = """## All moves

`machines.states.MOVES`: any other move is refused as a mistake in the code."""


class Command(BaseCommand):
    help = "Write docs/states.md from the stepper's grid."

    def handle(self, *args: Any, **options: Any) -> None:
        PAGE.write_text(page())


def page() -> str:
    """Return the whole page as Markdown."""
    steps = _STEPS.format(errors=_states(AFTER_ERROR))
    parts = [_INTRO, _grid(), steps, _steps(), _FOLLOWS, _moves(FOLLOWS), _MOVES, _moves(MOVES)]
    return "\n\n".join(parts) + "\n"


def _grid() -> str:
    rows = [[f"`{row.value}`", *(step.__name__ if step else "" for step in steps)] for row, steps in GRID.items()]
    return _table(["", *(f"`{wanted.value}`" for wanted in Wanted)], rows)


def _steps() -> str:
    found = dict.fromkeys(step for steps in GRID.values() for step in steps if step)
    return _table(["step", "what it does", "may lead to"], [_step(step) for step in found])


def _step(step: Step) -> list[str]:
    module = f"{step.__module__.replace('.', '/')}.py"
    does = (step.__doc__ or "").splitlines()[0]
    return [f"[{step.__name__}](../{module})", does, _states(LEADS_TO[step])]


def _moves(moves: Mapping[Any, set[State]]) -> str:
    return _table(["from", "to"], [[f"`{State(state).value}`", _states(to)] for state, to in moves.items() if to])


def _states(states: Iterable[State]) -> str:
    """Name the states in the order of a life."""
    return ", ".join(f"`{state.value}`" for state in sorted(states, key=list(State).index))


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
