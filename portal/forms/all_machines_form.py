"""The filters of the list of all machines."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from courses.models import Template
from machines.machine_search import MachineFilters
from machines.states import State

BLOCKED = "blocked"  # among the roles: owners who cannot sign in
_STATES: list[tuple[str, Any]] = [
    ("running", State.RUNNING.label), ("asleep", State.SUSPENDED.label), ("away", State.SHELVED.label), ("archived", State.ARCHIVED.label),
    ("waiting", State.QUEUED.label), ("moving", pgettext_lazy("machines", "Working on it")),
    ("failed", State.FAILED.label), ("unhealthy", _("Something is wrong")),
    ("vanished", _("Gone from the cluster")), ("bin", _("In the recycle bin")),
]  # fmt: skip
USED = {
    "2h": (timedelta(hours=2), _("Not for 2 h")),
    "1d": (timedelta(days=1), _("Not for a day")),
    "7d": (timedelta(days=7), _("Not for 7 days")),
    "30d": (timedelta(days=30), _("Not for 30 days")),
}
_ORDERS = {
    "-used": _("Last used, newest first"),
    "used": _("Last used, oldest first"),
    "-launched": _("Launched, newest first"),
    "launched": _("Launched, oldest first"),
    "name": _("Name"),
    "-name": _("Name, from Z"),
    "owner": _("Owner"),
    "-owner": _("Owner, from Z"),
    "state": _("State"),
    "-state": _("State, the other way round"),
}
FIRST_ORDER = "-launched"
_ALL = pgettext_lazy("machines", "All")
_ERRORS = {"invalid_choice": _("Choose one of these.")}


def _choice(label: Any, choices: Iterable[tuple[str, Any]], empty: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=[("", empty), *choices], error_messages=_ERRORS)


class AllMachinesForm(forms.Form):
    """The filters and the order: all may stay empty."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=150,
        widget=forms.TextInput(attrs={"aria-describedby": "q-hint", "type": "search"}),
    )
    state = _choice(_("State"), _STATES, _("All"))
    used = _choice(_("Last used"), ((name, label) for name, (_span, label) in USED.items()), _("Any time"))
    template = _choice(_("Template"), (), _ALL)
    role = _choice(
        _("Owner's role"), [*User.Role.choices, (BLOCKED, pgettext_lazy("owner", "Blocked or removed"))], _("All")
    )
    host = _choice(_("Computer"), (), _ALL)
    sort = _choice(_("Order"), _ORDERS.items(), _ORDERS[FIRST_ORDER])

    def __init__(self, data: Any, *, templates: Iterable[Template], hosts: Iterable[str]) -> None:
        super().__init__(data)
        self._offer("template", ((template.slug, template.title) for template in templates))
        self._offer("host", ((host, host) for host in hosts))

    def _offer(self, field: str, choices: Iterable[tuple[str, str]]) -> None:
        offered: Any = self.fields[field]
        offered.choices = [*offered.choices, *choices]

    @property
    def filters(self) -> MachineFilters:
        """Return the filters of a form that is valid."""
        facts = self.cleaned_data
        is_blocked = facts["role"] == BLOCKED
        since = timezone.now() - USED[facts["used"]][0] if facts["used"] else None
        return MachineFilters(
            facts["q"], facts["state"], facts["template"], "" if is_blocked else facts["role"], facts["host"], since, is_blocked
        )  # fmt: skip

    @property
    def order(self) -> str:
        return self.cleaned_data["sort"] or FIRST_ORDER
