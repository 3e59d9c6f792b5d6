"""Figures: a number with its name, what it is part of, and a sentence below it."""

from dataclasses import dataclass

CARE_SHARE, ALMOST_FULL = 0.8, 0.95  # of room that is taken


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as templates/parts/figures.html draws it. `tone`: '' for none."""

    label: str
    number: str
    of: str = ""
    rest: str = ""
    tone: str = ""


def tone_of_share(share: float) -> str:
    """Return the tone of room of which so much is taken."""
    return "trouble" if share >= ALMOST_FULL else "busy" if share >= CARE_SHARE else ""
