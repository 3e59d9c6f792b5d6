"""The grid has a step for every state and wish; MOVES says what the grid and reconcile can produce."""

import pytest

from machines.models import Machine
from machines.reconcile.drift import FOLLOWS
from machines.states import COME_TRUE, MOVES, State, Wanted
from machines.stepper.arrows import LEADS_TO
from machines.stepper.table import GRID, STEPS, Chore, rest, row_of
from machines.stepper.worker import AFTER_ERROR

ON_THE_WAY = set(State) - {State.DELETING, State.GONE}  # states that a machine with a chore may be in


@pytest.mark.parametrize("wanted", Wanted.values)
@pytest.mark.parametrize("state", State.values)
def test_every_pair_of_wish_and_state_has_a_step(wanted: str, state: str) -> None:
    unreachable = wanted != Wanted.GONE and state == State.DELETING
    assert ((wanted, state) in STEPS) != unreachable


@pytest.mark.parametrize("chore", Chore)
def test_every_chore_has_a_step_unless_the_machine_is_to_be_deleted(chore: Chore) -> None:
    assert {wanted for wanted in Wanted if (wanted, chore) in STEPS} == set(Wanted) - {Wanted.GONE}


def test_every_step_of_the_grid_declares_where_it_leads() -> None:
    assert {step for steps in GRID.values() for step in steps if step} <= set(LEADS_TO)


def test_moves_are_what_the_grid_and_reconcile_produce() -> None:
    assert {State(state): to for state, to in MOVES.items()} == produced()


def produced() -> dict[State, set[State]]:
    """Return all moves that are declared, by the states from which their steps are taken."""
    found = {state: set(FOLLOWS.get(state, ())) for state in State}
    for (wanted, row), step in STEPS.items():
        for state in states_of(row, wanted) if step is not rest else ():
            found[state] |= (LEADS_TO[step] | AFTER_ERROR) - {state}
    return found


def states_of(row: str, wanted: str) -> set[State]:
    if row == Chore.MISNAMED:
        return COME_TRUE[wanted]
    return ON_THE_WAY if row == Chore.ADOPTING else {State(row)}


def test_every_state_but_gone_can_end() -> None:
    assert all(State.GONE in arrows for state, arrows in MOVES.items() if state != State.GONE)
    assert set(COME_TRUE) == set(Wanted)


def test_a_machine_is_adopted_before_it_is_renamed() -> None:
    machine = Machine(state="suspended", wanted="suspended", server_id="s", adopting=True, names_asked=1)
    assert row_of(machine) == "adopting"


def test_a_machine_that_is_to_be_deleted_is_not_adopted_first() -> None:
    assert row_of(Machine(state="waking", wanted="gone", adopting=True)) == "waking"


def test_a_machine_is_renamed_once_it_is_as_wanted() -> None:
    states = {"running": "misnamed", "suspended": "suspended"}
    rows = {s: row_of(Machine(state=s, wanted="running", server_id="s", names_asked=1)) for s in states}
    assert rows == states
