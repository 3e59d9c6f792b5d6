"""Shortages of a quota: the measures that do not suffice for what a person could launch, and the ways out. Once for a whole page."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

from django.utils.translation import gettext_noop as _

from lib.measures import MEASURES, Size
from lib.notes import Note
from quotas.actions import OVER, Usage

_FREE = {
    "machines": _("You have %(used)s of your %(limit)s machines."),
    "vcpus": _("Free processors: %(left)s of your %(limit)s."),
    "ram_mb": _("Free memory: %(left)s MB of your %(limit)s MB."),
    "disk_gb": _("Free disk: %(left)s GB of your %(limit)s GB."),
    "ports": _("Free public ports: %(left)s of your %(limit)s."),
    **OVER,
}
_BRIEFLY = {
    "machines": _("No machine is left in your quota."),
    "vcpus": _("Processors: %(asked)s needed, %(left)s free in your quota."),
    "ram_mb": _("Memory: %(asked)s MB needed, %(left)s MB free in your quota."),
    "disk_gb": _("Disk: %(asked)s GB needed, %(left)s GB free in your quota."),
    "ports": _("Public ports: %(asked)s needed, %(left)s free in your quota."),
    "archives": _("You have too many archives."),
    "archive_gb": _("Your archives are too big."),
}
_OF_MACHINES = ("machines", "vcpus", "ram_mb", "disk_gb")


@dataclass(frozen=True, slots=True)
class Shortage:
    """Two lists of sentences for the top of a page."""

    facts: list[Note]  # the numbers of each measure that does not suffice
    ways_out: list[Note]


def short_of(usage: Usage, size: Size) -> list[str]:
    """Return the measures that refuse something new of this size, in the order of MEASURES."""
    if over := [measure for measure in OVER if getattr(usage, measure).is_over]:
        return over
    asked = zip(MEASURES, astuple(size), strict=True)
    return [measure for measure, amount in asked if amount > getattr(usage, measure).left]


def briefly(usage: Usage, size: Size) -> Note | None:
    """Return the first shortage in a few words, for one card among many; None when `size` fits."""
    short = short_of(usage, size)
    return _note(_BRIEFLY, short[0], usage, asked=getattr(size, short[0])) if short else None


def shortage(usage: Usage, sizes: Iterable[Size]) -> Shortage | None:
    """Return what does not suffice for one of `sizes` or more; None when everything fits."""
    short = {measure for size in sizes for measure in short_of(usage, size)}
    facts = [_note(_FREE, measure, usage) for measure in MEASURES if measure in short]
    return Shortage(facts, [Note(text) for text in _ways_out(usage, short)]) if facts else None


def _ways_out(usage: Usage, short: set[str]) -> list[str]:
    """Return what the person can do to free these measures, leaving out what they have nothing of."""
    ways = []
    if short.intersection(_OF_MACHINES) and usage.machines.used:
        ways.append(_("Delete a machine that you no longer need."))
        if usage.archives.left and usage.archive_gb.left:
            ways.append(_("Archive a machine: its disk is kept, and only its ports stay taken."))
    if "ports" in short and usage.ports.used:
        ways.append(_("Close a public port, or delete an archived machine for good: it keeps its ports."))
    return [*ways, _("Ask an administrator for more.")]


def _note(texts: dict[str, str], measure: str, usage: Usage, **more: int) -> Note:
    gauge = getattr(usage, measure)
    return Note(texts[measure], {"used": gauge.used, "limit": gauge.limit, "left": gauge.left, **more})
