"""Say whether a computer of a donor has come: anybody can type an offer, so an offer alone gives nobody a place on a page."""

from accounts.models import Donor
from nodes.models import Computer
from nodes.states import HERE, State

CAME = frozenset({*HERE, State.PARTS, State.RECYCLED})  # what is lost may never have come


def has_given(donor: Donor) -> bool:
    """Say whether a computer of this donor has come."""
    return Computer.objects.filter(donation__donor=donor, state__in=CAME).exists()
