"""A machine in the recycle bin, as its page shows it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from courses.policy import policy_of
from machines.actions import allowed
from machines.models import Machine
from machines.states import State
from machines.verbs import Verb


@dataclass(frozen=True, slots=True)
class Binned:
    """A machine in the recycle bin, or on its way there."""

    machine: Machine

    @property
    def days(self) -> float:
        """Return for how long it can be had back."""
        return policy_of(self.machine.template).bin_days

    @property
    def goes_at(self) -> datetime:
        return (self.machine.binned_at or timezone.now()) + timedelta(days=self.days)

    @property
    def word(self) -> str:
        return str(self.machine.get_state_display())

    @property
    def sentence(self) -> str:
        """Say what is wrong, or under way; '' when it lies there."""
        return "" if self.machine.is_settled and self.machine.state == State.ARCHIVED else str(self.machine.note)

    @property
    def verbs(self) -> set[Verb]:
        return allowed(self.machine)
