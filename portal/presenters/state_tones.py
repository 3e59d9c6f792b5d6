"""The colours in which the states of given computers are shown, to their donors and at the desk."""

from nodes.states import State

# busy: somebody is waited for. asleep: here, and being prepared. Whatever is not here has ended.
_TONES = {
    State.OFFERED: "busy", State.ACCEPTED: "busy", State.WAITING: "busy", State.LOST: "trouble",
    State.RECEIVED: "asleep", State.WIPED: "asleep", State.TESTED: "asleep", State.IN_SERVICE: "on",
}  # fmt: skip


def tone_of(state: str) -> str:
    """Return the class of a state's colour."""
    return f"tone-{_TONES.get(State(state), 'away')}"
