"""The console of a machine: whether there is one, whether to look at it now, and who may type."""

from dataclasses import dataclass
from functools import cached_property

from django.urls import reverse

from machines.states import State
from portal import access
from portal.presenters.machine_card import Shown


@dataclass
class ConsolePlace:
    """The console of a machine as its page offers it."""

    shown: Shown

    @property
    def url(self) -> str:
        """Return the page of the console; '' of a machine that has no server."""
        row = self.shown.machine
        return reverse("machine-console", args=[row.pk]) if row.server_id and row.state != State.GONE else ""

    @property
    def helps(self) -> bool:
        """Return whether the machine does not come up: it failed, takes longer than usual, or runs and does not answer."""
        shown = self.shown
        is_late = shown.is_busy and shown.progress.seconds_left == 0
        is_stuck = shown.is_up and bool(shown.not_ready or shown.must_see_setup)
        return bool(self.url) and (shown.machine.state == State.FAILED or is_late or is_stuck)

    @cached_property
    def may_type(self) -> bool:
        return access.may(self.shown.reader, "serial_console", self.shown.machine)
