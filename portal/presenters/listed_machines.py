"""The list of all machines, for administrators: the rows of a page, ready-made filters with counts, and the columns by which they are put in order."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from machines.machine_search import QUIET_FOR, STATES, counts
from machines.models import Machine, MachineQuerySet
from portal.presenters.machine_sentences import word
from portal.presenters.tones import tone_of


@dataclass(frozen=True, slots=True)
class FleetRow:
    """A machine among all."""

    machine: Machine

    @property
    def word(self) -> str:
        return _("In the recycle bin") if self.machine.binned_at else word(self.machine)

    @property
    def tone(self) -> str:
        return "tone-away" if self.machine.binned_at else f"tone-{tone_of(self.machine.state)}"

    @property
    def owner(self) -> str:
        return self.machine.owner.shown_name


def rows(machines: Iterable[Machine]) -> list[FleetRow]:
    return [FleetRow(machine) for machine in machines]


@dataclass(frozen=True, slots=True)
class Chip:
    """A ready-made filter: its words, what it sets, and how many machines pass."""

    label: Promise
    query: str
    count: int
    here: bool


@dataclass(frozen=True, slots=True)
class _Ready:
    label: Promise
    filters: dict[str, str]


_READY: dict[str, _Ready] = {
    "all": _Ready(pgettext_lazy("machines", "All"), {}),
    "quiet": _Ready(gettext_lazy("On, quiet for 2 h"), {"state": "running", "used": "2h"}),
    "unhealthy": _Ready(gettext_lazy("Something is wrong"), {"state": "unhealthy"}),
    "waiting": _Ready(gettext_lazy("Waiting for room"), {"state": "waiting"}),
    "bin": _Ready(gettext_lazy("In the recycle bin"), {"state": "bin"}),
    "ownerless": _Ready(gettext_lazy("Owner blocked or removed"), {"role": "blocked"}),
}


def chips(machines: MachineQuerySet, given: dict[str, str]) -> list[Chip]:
    """Return the ready-made filters; the one that is set is marked. One query. given: the filters that are set, by name."""
    quiet_since = timezone.now() - QUIET_FOR
    conditions = {
        "all": Q(),
        "quiet": STATES["running"] & Q(used_at__lt=quiet_since),
        **{name: STATES[name] for name in ("unhealthy", "waiting", "bin")},
        "ownerless": Q(owner__is_active=False),
    }
    found = counts(machines, {name: condition or Q(pk__isnull=False) for name, condition in conditions.items()})
    return [
        Chip(ready.label, urlencode(ready.filters), found[name], ready.filters == given)
        for name, ready in _READY.items()
    ]


COLUMNS = (
    ("name", gettext_lazy("Name"), False),
    ("state", gettext_lazy("State"), False),
    ("owner", gettext_lazy("Owner"), False),
    ("used", gettext_lazy("Last used"), True),
    ("launched", gettext_lazy("Launched"), True),
)
