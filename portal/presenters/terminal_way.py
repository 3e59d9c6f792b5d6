"""The way into a machine by its terminal in the browser."""

from dataclasses import dataclass

from django.urls import reverse

from accounts.models import User
from machines.models import Machine
from machines.verbs import Verb
from portal import access


@dataclass(frozen=True, slots=True)
class TerminalWay:
    """The terminal of a machine, as far as `reader` has it. verbs: what they are offered; is_up: it runs, and nothing is under way."""

    machine: Machine
    reader: User
    verbs: set[Verb]
    is_up: bool

    @property
    def url(self) -> str:
        """Return the address of its page; '' while no shell would open there."""
        return reverse("machine-terminal", args=[self.machine.pk]) if self.is_up and self._may else ""

    @property
    def wakes(self) -> bool:
        """Say whether a shell opens once the machine is awake, which the same press begins."""
        return Verb.WAKE in self.verbs and self._may

    @property
    def _may(self) -> bool:
        return self.machine.lets_portal_in and access.may(self.reader, "dial", self.machine)
