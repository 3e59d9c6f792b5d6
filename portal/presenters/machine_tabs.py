"""The tabs of a machine's page. Each has an address of its own."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from machines.models import Machine
from machines.states import State


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    label: Promise
    route: str

    @property
    def template(self) -> str:
        return f"machines/tabs/{self.name}.html"


CONNECT = Tab("connect", _("Connect"), "machine")
PORTS = Tab("ports", _("Ports"), "machine-ports")
HISTORY = Tab("history", _("History"), "machine-history")
SETTINGS = Tab("settings", pgettext_lazy("tab", "Settings"), "machine-settings")
TABS = (CONNECT, PORTS, HISTORY, SETTINGS)


def named(name: str) -> Tab:
    """Return the tab of this name; the first for any other."""
    return next((tab for tab in TABS if tab.name == name), CONNECT)


def shown_for(machine: Machine, wanted: Tab) -> Tab:
    """Return the tab to show: of a machine that is gone there is only its history."""
    return HISTORY if machine.state == State.GONE else wanted


def links(machine: Machine) -> list[tuple[Tab, str]]:
    """Return the tabs with their addresses; none where there is but one."""
    return [] if machine.state == State.GONE else [(tab, reverse(tab.route, args=[machine.pk])) for tab in TABS]
