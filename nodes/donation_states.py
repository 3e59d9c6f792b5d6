"""States of donations. Each follows from where the donation's computers are, and is stored nowhere."""

from collections.abc import Collection, Iterable
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q, QuerySet

from nodes.models import Computer, Donation
from nodes.states import State


class DonationState(StrEnum):
    """A place on a donation's way."""

    OPEN = "open"  # a computer waits for a decision, or for being brought
    RECEIVED = "received"  # all that was accepted is here, and something is still being prepared
    IN_SERVICE = "in_service"  # nothing is being prepared any more, and at least one carries machines
    DONE = "done"  # none of what was accepted is in use any more
    DECLINED = "declined"  # nothing was accepted


S = State
# The first of these to which a computer belongs is the donation's.
OF_COMPUTERS: dict[DonationState, frozenset[State]] = {
    DonationState.OPEN: frozenset({S.OFFERED, S.ACCEPTED}),
    DonationState.RECEIVED: frozenset({S.RECEIVED, S.WIPED, S.TESTED, S.WAITING}),
    DonationState.IN_SERVICE: frozenset({S.IN_SERVICE}),
    DonationState.DONE: frozenset({S.RETIRED, S.PARTS, S.LOST, S.RECYCLED}),
    DonationState.DECLINED: frozenset({S.DECLINED}),
}


def state_of(computers: Iterable[Computer]) -> DonationState:
    """Return the state of a donation with these computers, of which there is one at least."""
    found = {computer.state for computer in computers}
    return next((state for state, theirs in OF_COMPUTERS.items() if found & theirs), DonationState.DECLINED)


def in_states(donations: QuerySet[Donation], wanted: Collection[str]) -> QuerySet[Donation]:
    """Select the donations that are in one of these states: state_of, asked of the database."""
    found, before = Q(pk__in=[]), set[State]()
    for state, theirs in OF_COMPUTERS.items():
        if state in wanted:
            found |= Q(_has(theirs)) & ~Q(_has(before))
        before |= theirs
    return donations.filter(found)


def _has(states: Collection[State]) -> Exists:
    return Exists(Computer.objects.filter(donation=OuterRef("pk"), state__in=list(states)))
