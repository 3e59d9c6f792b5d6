"""Shortages of a quota: the measures that do not suffice for what a person could launch. Once for a whole page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_noop as _

from lib.measures import MEASURES, Size
from lib.notes import Note
from quotas.actions import Usage
from quotas.gauges import Lack
from quotas.sentences import plainly, sentence

_FREE = {
    "vcpus": _("Free processors: %(left)s of your %(limit)s."),
    "ram_mb": _("Free memory: %(left)s of your %(limit)s."),
    "disk_gb": _("Free disk: %(left)s of your %(limit)s."),
    "ports": _("Free public ports: %(left)s of your %(limit)s."),
}
_BRIEFLY = {
    "machines": _("No machine is left in your quota."),
    "vcpus": _("Processors: %(asked)s needed, %(left)s free in your quota."),
    "ram_mb": _("Memory: %(asked)s needed, %(left)s free in your quota."),
    "disk_gb": _("Disk: %(asked)s needed, %(left)s free in your quota."),
    "ports": _("Public ports: %(asked)s needed, %(left)s free in your quota."),
    "archives": _("You have too many archives."),
    "archive_gb": _("Your archives are too big."),
}


@dataclass(frozen=True, slots=True)
class Shortage:
    """The measures that do not suffice: the sentences for the top of a page, and the most that lacks of each measure."""

    lacks: Sequence[Lack]

    @property
    def facts(self) -> list[Note]:
        """Return a sentence for each measure that does not suffice."""
        return [_fact(lack) for lack in self.lacks]


def briefly(usage: Usage, size: Size) -> Note | None:
    """Return the first shortage in a few words, for one card among many; None when `size` fits."""
    lacks = usage.lacks(size, is_new=True)
    return _with_numbers(_BRIEFLY[lacks[0].measure], lacks[0]) if lacks else None


def shortage(usage: Usage, sizes: Iterable[Size]) -> Shortage | None:
    """Return what does not suffice for one of `sizes` or more; None when everything fits."""
    most: dict[str, Lack] = {}
    for lack in (lack for size in sizes for lack in usage.lacks(size, is_new=True)):
        most[lack.measure] = max(lack, most.get(lack.measure, lack), key=lambda each: each.short)
    return Shortage([most[measure] for measure in MEASURES if measure in most]) if most else None


def _fact(lack: Lack) -> Note:
    return _with_numbers(_FREE[lack.measure], lack) if lack.measure in _FREE else sentence(lack)


def _with_numbers(text: str, lack: Lack) -> Note:
    numbers = {"asked": lack.asked, "left": lack.gauge.left, "limit": lack.gauge.limit}
    return Note(text, {name: plainly(lack.measure, number) for name, number in numbers.items()})
