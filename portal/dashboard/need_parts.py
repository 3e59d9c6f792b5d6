"""The shape of a thing that needs a hand, and the words and addresses that several share."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

from django.urls import reverse
from django.utils.translation import gettext as _

from machines.idle.wording import span
from portal.dashboard.snapshot import Snapshot


class Severity(IntEnum):
    """The urgency of a need: people are without something now, or will be if nobody looks."""

    TROUBLE = 0
    CARE = 1


@dataclass(frozen=True, slots=True)
class Need:
    """A sentence, what to do about it where no page does it, and one action: its label, and where it leads."""

    code: str  # one stable word, also the anchor in docs/admin/dashboard.md
    severity: Severity
    sentence: str
    label: str
    href: str
    advice: str = ""

    @property
    def tone(self) -> str:
        return "trouble" if self.severity == Severity.TROUBLE else "busy"


Found = Iterator[Need]
Rule = Callable[[Snapshot], Found]
TROUBLE, CARE = Severity.TROUBLE, Severity.CARE


def brief(length: timedelta) -> str:
    """Write a length of time in one unit: 8 s, 40 min, 3 h, 5 days."""
    if length < timedelta(minutes=1):
        return _("%(count)s s") % {"count": max(0, int(length.total_seconds()))}
    return span(length)


def here(section: str) -> str:
    return f"{reverse('dashboard')}#{section}"


def on_page(section: str) -> tuple[str, str]:
    """Return the action that leads to the numbers on the dashboard itself."""
    return _("See the numbers"), here(section)


def units(names: str) -> str:
    """Return how these programs are looked at, with compose and with systemd."""
    units = " ".join(f"minga-{name}" for name in names.split())
    return f"docker compose ps {names}\nsystemctl status {units}"
