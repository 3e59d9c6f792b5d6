"""Decide what stands where the terminal is: the shell, or what has to happen before it opens."""

from dataclasses import dataclass

from machines.states import State
from portal.presenters.machine_card import Shown


@dataclass(frozen=True, slots=True)
class Place:
    """Say what stands where the terminal is.

    kind: "shell", "keyless" where the portal has no key in the machine, "moving" while it is on its way, "resting" else.
    """

    kind: str
    version: str

    @property
    def is_shell(self) -> bool:
        return self.kind == "shell"


def place_of(shown: Shown) -> Place:
    kind = _kind(shown)
    return Place(kind, f"{shown.version}-{kind}")


def _kind(shown: Shown) -> str:
    if shown.is_up:
        return "shell" if shown.terminal.url else "keyless"
    return "moving" if shown.is_busy and shown.machine.state != State.GONE else "resting"
