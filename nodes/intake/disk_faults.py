"""Say which measured disks must not carry disks of machines, and why."""

from collections.abc import Collection, Iterator

from django.utils.translation import gettext_noop as _

from lib.notes import Note
from lib.notes import two_forms as ngettext  # under this name makemessages finds a plural
from nodes.intake.models import MeasuredDisk, Measurement

_COUNTED = {
    "reallocated": ngettext("%(count)s reallocated sector", "%(count)s reallocated sectors"),
    "pending": ngettext("%(count)s pending sector", "%(count)s pending sectors"),
    "media_errors": ngettext("%(count)s media error", "%(count)s media errors"),
}


def faults_of(disk: MeasuredDisk) -> list[Note]:
    """Return why a disk is not for machines' disks; none where nothing is known against it."""
    found = [Note(_("SMART says that it fails"))] if disk.health == "failed" else []
    for name, (one, many) in _COUNTED.items():
        if count := getattr(disk, name):
            found.append(Note(one, {"count": count}, many))
    return found


def bad_disks(computers: Collection[int]) -> dict[int, list[MeasuredDisk]]:
    """Return the disks of these computers, by their keys, that are not for machines' disks, by what was measured last. Two queries."""
    latest = Measurement.objects.filter(computer__in=computers).order_by("computer_id", "-pk").distinct("computer_id")
    of = {row.pk: row.computer_id for row in latest}
    found: dict[int, list[MeasuredDisk]] = {}
    for disk in _bad(of):
        found.setdefault(of[disk.measurement_id], []).append(disk)
    return found


def _bad(measurements: Collection[int]) -> Iterator[MeasuredDisk]:
    rows = MeasuredDisk.objects.filter(measurement__in=measurements).order_by("pk")
    return (disk for disk in rows if faults_of(disk))
