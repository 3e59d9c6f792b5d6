"""Colours of machines' states."""

from machines.states import State

_TONES = {
    State.RUNNING: "on",
    State.SUSPENDED: "asleep",
    State.SHELVED: "away",
    State.ARCHIVED: "away",
    State.FAILED: "trouble",
    State.GONE: "gone",
}


def tone_of(state: str) -> str:
    """Return on, asleep, away, busy, trouble or gone: a class of the style sheet and a drawing of a house."""
    return _TONES.get(State(state), "busy")
