"""A machine in the recycle bin, as its page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.models import User
from courses.policy import policy_of
from lib.notes import Note
from machines.actions import allowed
from machines.ended_subscriptions import why_asleep
from machines.models import Machine
from machines.states import State
from machines.verbs import Verb

_KEPT = _(
    "Your subscription ended on %(day)s, and your quota has no room for it now. After a renewal you can restore it."
)


@dataclass(frozen=True, slots=True)
class Binned:
    """A machine in the recycle bin, or on its way there. why_kept: its owner's subscription has ended, and it may not run."""

    machine: Machine
    why_kept: Note | None = None

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
        return allowed(self.machine) - ({Verb.RESTORE} if self.why_kept else set())

    @property
    def why_not_restored(self) -> str:
        """Say why it cannot be had back now, and when it can; '' where it can."""
        if self.why_kept is None or Verb.RESTORE not in allowed(self.machine):
            return ""
        return str(Note(_KEPT, {"day": self.why_kept.args["day"]}))


def bin_of(machines: Sequence[Machine], reader: User) -> list[Binned]:
    """Show a person's recycle bin. One query where no subscription of theirs has ended, none where nothing lies there."""
    kept = why_asleep(machines, reader, timezone.now()) if machines else {}
    return [Binned(machine, kept.get(machine.pk)) for machine in machines]
