"""manage.py states_page: write docs/states.md from the stepper's grid, in both languages. A test compares the pages with it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from lib.written_pages import LANGUAGES, ROOT, Language, table
from machines.reconcile.drift import FOLLOWS
from machines.states import MOVES, State, Wanted
from machines.stepper.arrows import LEADS_TO, Step
from machines.stepper.table import GRID
from machines.stepper.worker import AFTER_ERROR

PAGE = Path("states.md")
_TITLE = "The states of a machine"
_INTRO = (
    "`manage.py states_page` writes this page from the grid in [machines/stepper/table.py]({table}); a test compares them. People write "
    "what is wanted (a column), a worker takes the step of the cell, and the step moves the machine to another state (a row) or leaves it "
    "where it is. `adopting` and `misnamed` are no states but chores that come first: a server that must be tagged as its machine's, and a "
    "server that must be renamed."
)
_STEPS = (
    "Each step declares where it may lead (`@leads_to`). An error of the cloud, or a cloud that does nothing for too long, may lead from "
    "any step to {errors}; a full cluster leads to `queued` where the step says so."
)
_FOLLOWS = "Where somebody acts on the cloud itself, a machine that had come to rest follows its server."
_MOVES = "`machines.states.MOVES`: any other move is refused as a mistake in the code."


class Command(BaseCommand):
    help = "Write docs/states.md and its Spanish from the stepper's grid."

    def handle(self, *args: Any, **options: Any) -> None:
        for language in LANGUAGES.values():
            (language.folder / PAGE).write_text(page(language), encoding="utf-8")


def page(language: Language) -> str:
    """Return the whole page as Markdown."""
    table_file = language.link(ROOT / "machines/stepper/table.py", PAGE)
    parts = [
        f"# {language.translate(_TITLE)}",
        language.paragraph(_INTRO, table=table_file),
        _grid(),
        f"## {language.translate('The steps')}",
        language.paragraph(_STEPS, errors=_states(AFTER_ERROR)),
        _steps(language),
        f"## {language.translate('What reconcile follows')}",
        language.paragraph(_FOLLOWS),
        _moves(FOLLOWS, language),
        f"## {language.translate('All moves')}",
        language.paragraph(_MOVES),
        _moves(MOVES, language),
    ]
    return "\n\n".join(parts) + "\n"


def _grid() -> str:
    rows = [[f"`{row.value}`", *(step.__name__ if step else "" for step in steps)] for row, steps in GRID.items()]
    return table(["", *(f"`{wanted.value}`" for wanted in Wanted)], rows)


def _steps(language: Language) -> str:
    found = dict.fromkeys(step for steps in GRID.values() for step in steps if step)
    heads = map(language.translate, ("step", "what it does", "may lead to"))
    return table(heads, [_step(step, language) for step in found])


def _step(step: Step, language: Language) -> list[str]:
    module = language.link(ROOT / f"{step.__module__.replace('.', '/')}.py", PAGE)
    does = (step.__doc__ or "").splitlines()[0]
    return [f"[{step.__name__}]({module})", language.translate(does), _states(LEADS_TO[step])]


def _moves(moves: Mapping[Any, set[State]], language: Language) -> str:
    rows = [[f"`{State(state).value}`", _states(to)] for state, to in moves.items() if to]
    return table(map(language.translate, ("from", "to")), rows)


def _states(states: Iterable[State]) -> str:
    """Name the states in the order of a life."""
    return ", ".join(f"`{state.value}`" for state in sorted(states, key=list(State).index))
