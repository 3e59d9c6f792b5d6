"""The panel “Why is it still on?”: what machines.idle knows of a machine, as a page shows it.

Ages are whole minutes, so that a page which looks the same has the same version.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from machines.idle import wording
from machines.idle.facts import Facts
from machines.idle.forecast import Outlook, if_closed, outlook_of

NEAR = timedelta(days=7)  # a card shows no date that is farther away
_TONES = {"work": "on", "unknown": "busy"}


@dataclass(frozen=True, slots=True)
class Line:
    """A signal in words."""

    label: str
    text: str
    tone: str


class Why:
    """The panel in words, each part made when it is asked for: a card shows the dates only."""

    def __init__(self, facts: Facts, now: datetime, owner: str = "") -> None:
        """owner: what its reader calls the machine's owner; '' for the owner, who reads “you”."""
        self._facts, self._now, self._owner = facts, now, owner

    def __bool__(self) -> bool:
        return bool(self.sentence)

    @property
    def is_on(self) -> bool:
        return bool(self.lines)

    @property
    def is_asked(self) -> bool:
        """Return whether a question about it is open."""
        return bool(self._facts.questions)

    @property
    def version(self) -> object:
        """A value that changes when the panel must be redrawn."""
        return self.sentence, self.lines, self.closed, self.dates

    @cached_property
    def _outlook(self) -> Outlook:
        return outlook_of(self._facts, self._now)

    @cached_property
    def sentence(self) -> str:
        return wording.sentence(self._outlook, self._owner)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        return tuple(
            Line(
                wording.label(signal),
                wording.condition_words(signal, self._outlook),
                _TONES.get(signal.condition, "away"),
            )
            for signal in wording.shown(self._outlook)
        )

    @cached_property
    def closed(self) -> str:
        """Say what happens next if every connection is closed now; '' for a machine that is off."""
        return wording.if_closed(if_closed(self._facts, self._now), self._owner) if self.lines else ""

    @cached_property
    def dates(self) -> tuple[tuple[str, datetime], ...]:
        """Return what becomes of the machine, and when, if nobody uses it any more."""
        return tuple((name, at.replace(second=0, microsecond=0)) for name, at in wording.dates(self._outlook))

    @cached_property
    def near_dates(self) -> tuple[tuple[str, datetime], ...]:
        return tuple((name, at) for name, at in self.dates if at - self._now < NEAR)
