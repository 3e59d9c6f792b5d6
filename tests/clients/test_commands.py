"""The command line's table of commands has the portal's own words: verbs, states, schemes."""

import pytest

from clients.python.minga_client.cli.parser import COMMANDS, parse
from lib.schemes import SCHEMES
from machines.actions import ACTIONS
from machines.states import State


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if command.function == "machines.act"])
def test_each_verb_and_its_states_are_the_portals(name: str) -> None:
    asked = parse([name])
    assert (asked.verb or name) in ACTIONS
    assert {asked.ends, *asked.among} <= set(State)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_open_takes_each_scheme_of_the_portal(scheme: str) -> None:
    assert parse(["open", "8080", "--scheme", scheme]).scheme == scheme
