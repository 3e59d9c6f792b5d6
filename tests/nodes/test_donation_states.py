"""The state of a donation, which follows from its computers; and the table of states."""

import pytest

from accounts.models import Donor
from nodes import donation_states, states
from nodes.models import Computer, Donation
from nodes.states import MOVES, STEPS, State
from tests.nodes.donated import PC, offered

WAY = ("accept", "receive", "wipe", "test", "put_in_service", "retire", "recycle")


@pytest.mark.parametrize(
    ("of_computers", "state"),
    [
        (["offered"], "open"), (["accepted", "in_service"], "open"), (["declined", "offered"], "open"), (["received"], "received"),
        (["wiped", "in_service"], "received"), (["waiting", "declined"], "received"), (["in_service", "retired"], "in_service"),
        (["in_service", "declined"], "in_service"), (["retired"], "done"), (["parts", "lost", "recycled", "declined"], "done"),
        (["declined", "declined"], "declined"),
    ],
)  # fmt: skip
def test_one_word_for_a_donation(lucia: Donor, of_computers: list[str], state: str) -> None:
    donation = offered(*[PC] * len(of_computers), donor=lucia)
    for computer, of_it in zip(donation.computers.all(), of_computers, strict=True):
        reason = "enough" if of_it == "declined" else ""
        Computer.objects.filter(pk=computer.pk).update(state=of_it, reason=reason)
    assert donation_states.state_of(donation.computers.all()) == state
    every = Donation.objects.all()
    found = [word for word in donation_states.DonationState if donation_states.in_states(every, [word]).exists()]
    assert found == [state]


def test_every_state_of_a_computer_counts_for_a_donation() -> None:
    assert {state for theirs in donation_states.OF_COMPUTERS.values() for state in theirs} == set(State)
    assert sum(len(theirs) for theirs in donation_states.OF_COMPUTERS.values()) == len(State)


def test_every_state_can_be_reached_and_has_a_step_to_it() -> None:
    reached = {State.OFFERED} | {state for moves in MOVES.values() for state in moves}
    assert reached == set(State)
    assert {step.to for step in STEPS.values()} == set(State) - {State.OFFERED}
    assert [states.next_step(state) for state in states.WAY] == [*WAY, None]
