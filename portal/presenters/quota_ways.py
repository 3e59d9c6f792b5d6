"""The ways out of a full quota, beside its refusal: on pages as buttons, in the API as members of the problem."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from machines.models import Machine
from machines.quota_ways_out import WayOut, ways_out
from machines.verbs import Verb
from portal.deciders import Purpose
from portal.presenters.presses import meaning_of
from quotas.actions import OverQuota
from quotas.gauges import Lack


@dataclass(frozen=True, slots=True)
class ShownWays:
    """The ways out of a full quota, for a reader. ask: the page on which they ask for more; '' where it is another's quota."""

    machines: list[WayOut]
    ask: str

    @property
    def archives(self) -> list[Machine]:
        return [way.machine for way in self.machines if way.verb == Verb.ARCHIVE]

    @property
    def archive_meaning(self) -> str:
        """Say what stays of an archived machine, and what it costs: asked before one press archives it."""
        return meaning_of(Verb.ARCHIVE)

    @property
    def deletes(self) -> list[Machine]:
        return [way.machine for way in self.machines if way.verb == Verb.DELETE]


def ways_for(
    reader: User, owner: User, lacks: Sequence[Lack], *, but: Machine | None = None, template: str = ""
) -> ShownWays:
    """Return the ways out of what lacks in the quota of `owner`. but: the machine that it is about. template: its slug."""
    asked = {"template": template or (but.template.slug if but else ""), "for": _purpose(lacks, but)}
    query = urlencode({name: value for name, value in asked.items() if value})
    ask = f"{reverse('request-new')}?{query}".rstrip("?") if reader.pk == owner.pk else ""
    return ShownWays(ways_out(owner, lacks, but=but), ask)


def _purpose(lacks: Sequence[Lack], but: Machine | None) -> str:
    """Return what the request would be for: an archive or a port of a machine, or '' for a machine."""
    measures = {lack.measure for lack in lacks}
    if measures <= {"archives", "archive_gb"}:
        return Purpose.ARCHIVE
    return Purpose.PORT if but and measures == {"ports"} else ""


def members(refusal: OverQuota, reader: User) -> dict[str, Any]:
    """Return what a problem detail says of a full quota beside its sentence."""
    ways = ways_for(reader, refusal.owner, refusal.lacks)
    shown = [_member(way) for way in ways.machines]
    if ways.ask:
        page = settings.PORTAL_URL + ways.ask
        shown.append(
            {"verb": "ask", "machine": None, "name": "", "detail": _("Ask for more: %(page)s") % {"page": page}}
        )
    return {"lacking": [_lack(lack) for lack in refusal.lacks], "ways_out": shown}


def _lack(lack: Lack) -> dict[str, Any]:
    gauge = lack.gauge
    numbers = {"used": gauge.used, "limit": gauge.limit, "left": gauge.left, "short": lack.short}
    return {"measure": lack.measure, "asked": lack.asked, **numbers}


def _member(way: WayOut) -> dict[str, Any]:
    words = {
        Verb.ARCHIVE: _("Archive “%(name)s”: its disk and its ports are kept."),
        Verb.DELETE: _("Delete “%(name)s” for good."),
    }
    detail = words[way.verb] % {"name": way.machine.name}
    return {"verb": str(way.verb), "machine": str(way.machine.pk), "name": way.machine.name, "detail": detail}
