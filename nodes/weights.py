"""Weights of given computers: what was weighed, else what such a computer usually weighs.

The usual weights are those of the study of electronic waste in León (table 7), after Gmünder 2007 and Ecoinvent 2.01: 10 kg a computer, 3 kg
a laptop.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from nodes.models import Computer
from nodes.states import HERE

USUAL = {Computer.Kind.LAPTOP: 3_000}  # grams
OTHERS = 10_000


@dataclass(frozen=True, slots=True)
class Weight:
    """Grams of several computers. weighed: of how many of them it was weighed; counted: how many they are."""

    grams: int = 0
    weighed: int = 0
    counted: int = 0


def kept_in_use(computers: Iterable[Computer]) -> Weight:
    """Return what those of them weigh that are here and whole."""
    here = [computer for computer in computers if computer.state in HERE]
    grams = sum(each.grams or USUAL.get(Computer.Kind(each.kind), OTHERS) for each in here)
    return Weight(grams, sum(each.grams is not None for each in here), len(here))
