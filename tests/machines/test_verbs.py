"""The table of verbs says everything of every verb that pages, API and rules need."""

import pytest

from machines.actions import ACTIONS
from machines.states import State
from machines.verbs import BUTTONS, FOR_ADMINS, TABLE, Verb, fitting


def test_every_verb_has_a_row() -> None:
    assert set(TABLE) == set(Verb)


def test_every_verb_that_needs_no_more_than_a_machine_has_an_action() -> None:
    assert set(Verb) - set(ACTIONS) == {Verb.OPEN_PORT, Verb.RENAME}


@pytest.mark.parametrize("verb", ACTIONS)
def test_every_action_has_a_line_of_history(verb: Verb) -> None:
    assert TABLE[verb].said


@pytest.mark.parametrize("verb", BUTTONS)
def test_every_button_has_words(verb: Verb) -> None:
    assert str(verb.label)


def test_the_button_that_destroys_comes_last() -> None:
    assert [verb for verb in BUTTONS if verb.destroys] == [*BUTTONS][-2:] == [Verb.RESET, Verb.DELETE]


def test_no_state_offers_what_is_for_administrators() -> None:
    assert not any(fitting(state) & FOR_ADMINS for state in State)
