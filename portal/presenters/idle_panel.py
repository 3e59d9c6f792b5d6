"""The panel “Why is it still on?”: what machines.idle knows of a machine, as a page shows it.

Ages are whole minutes, so that a page which looks the same has the same version.
"""

from dataclasses import dataclass
from datetime import datetime

from machines.idle import wording
from machines.idle.facts import Facts
from machines.idle.forecast import if_closed, outlook_of

_TONES = {"work": "on", "unknown": "busy"}


@dataclass(frozen=True, slots=True)
class Line:
    """A signal in words."""

    label: str
    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class Why:
    """All of it in words. `dates`: what becomes of it if nobody uses it any more."""

    sentence: str
    lines: tuple[Line, ...]
    closed: str
    dates: tuple[tuple[str, datetime], ...]

    def __bool__(self) -> bool:
        return bool(self.sentence)

    @property
    def is_on(self) -> bool:
        return bool(self.lines)


def why(facts: Facts, now: datetime) -> Why:
    outlook = outlook_of(facts, now)
    lines = tuple(
        Line(wording.label(signal), wording.condition_words(signal, outlook), _TONES.get(signal.condition, "away"))
        for signal in wording.shown(outlook)
    )
    closed = wording.if_closed(if_closed(facts, now)) if lines else ""
    dates = tuple((name, at.replace(second=0, microsecond=0)) for name, at in wording.dates(outlook))
    return Why(wording.sentence(outlook), lines, closed, dates)
