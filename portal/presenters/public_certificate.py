"""A certificate as anybody sees it who checks its number: no donor, place, operator or serial number."""

from django.utils import timezone
from django.utils.formats import date_format

from nodes.models import DiskWipe, WipeCertificate
from nodes.wiping import certificates, disk_words


class PublicDisk:
    """All that the page may say of a disk."""

    def __init__(self, row: DiskWipe) -> None:
        self.media = row.get_media_display()
        self.method, self.technique = disk_words.method(row), disk_words.technique(row)
        self.result, self.tone = disk_words.result(row), disk_words.tone(row)
        self.ended = date_format(timezone.localtime(row.ended_at), "DATE_FORMAT")


class PublicCertificate:
    """All that the page may say of a certificate, and whether a serial number stands on it."""

    def __init__(self, row: WipeCertificate) -> None:
        rows = list(row.disks.all())
        self.is_valid = row.is_valid
        self.computer = row.computer.number
        self.issued = date_format(timezone.localtime(row.issued_at), "DATE_FORMAT")
        self.withdrawn = date_format(timezone.localtime(row.withdrawn_at), "DATE_FORMAT") if row.withdrawn_at else ""
        self.disks = [PublicDisk(each) for each in rows]
        successor = certificates.successor(row) if row.withdrawn_at else None
        self.successor = successor.number if successor else ""
        self.predecessors = [each.number for each in certificates.predecessors(row)]
        self._serials = [_bare(each.serial) for each in rows]

    def place_of(self, serial: str) -> str:
        """Return which of the disks has this serial number: "1", or "1, 3" where it was wiped twice; '' for none."""
        bare = _bare(serial)
        return ", ".join(str(at) for at, each in enumerate(self._serials, 1) if bare and each == bare)


def _bare(serial: str) -> str:
    """Return a serial number without what people type differently."""
    return "".join(mark for mark in serial.casefold() if mark.isalnum())
