"""The last check of the way to a port, as its page shows it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lib.notes import Note
from tunnels.models import PortCheck
from tunnels.port_checks import HOPS

LABELS: dict[str, Promise] = {
    "name": _("Name of the gateway"),
    "port": _("Port of the gateway"),
    "tunnel": _("Tunnel"),
    "agent": _("Agent"),
    "guest": _("Machine"),
    "service": _("Service in the machine"),
}


@dataclass(frozen=True, slots=True)
class ShownHop:
    """A row of the list. `right_at`: when it was last right, of one that is not now."""

    name: str
    label: Promise
    ok: bool | None = None
    ms: float | None = None
    note: str = ""
    right_at: datetime | None = None

    @property
    def tone(self) -> str:
        return {True: "tone-on", False: "tone-trouble", None: ""}[self.ok]

    @property
    def took(self) -> str:
        return "" if self.ms is None else f"{max(1, round(self.ms))}\u00a0ms"


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """A check that was kept."""

    at: datetime
    verdict: str
    broken: str
    hops: list[ShownHop]

    @property
    def tone(self) -> str:
        if self.broken:
            return "tone-trouble"
        is_whole = bool(self.hops) and self.hops[-1].name == HOPS[-1] and all(hop.ok for hop in self.hops)
        return "tone-on" if is_whole else ""


def empty_rows() -> list[ShownHop]:
    """Return a row for each hop, which the page's script fills."""
    return [ShownHop(name, label) for name, label in LABELS.items()]


def latest(machine: UUID, port: int) -> ShownCheck | None:
    """Return the last check of a port, None where it was never checked."""
    row = PortCheck.objects.filter(holder=machine, port=port).first()
    if row is None or not row.verdict:
        return None
    hops = [
        ShownHop(
            hop["name"],
            LABELS[hop["name"]],
            hop["ok"],
            hop["ms"],
            str(Note.from_json(hop["note"])),
            _time(None if hop["ok"] else row.right_at.get(hop["name"])),
        )
        for hop in row.hops
    ]
    return ShownCheck(row.at, str(Note.from_json(row.verdict)), row.broken, hops)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
