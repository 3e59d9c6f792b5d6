"""Disks of a computer and its certificates, as staff read them."""

from collections.abc import Sequence
from typing import Any

from nodes.models import Computer, DiskWipe, WipeCertificate
from nodes.states import State
from nodes.wiping import disk_words
from nodes.wiping.certificates import undestroyed
from nodes.wiping.disks import WHERE


class ShownDisk:
    """A record in words."""

    def __init__(self, row: DiskWipe) -> None:
        self.row = row
        self.disk, self.method, self.technique = disk_words.disk(row), disk_words.method(row), disk_words.technique(row)
        self.result, self.tone = disk_words.result(row), disk_words.tone(row)


class ShownCertificate:
    """A certificate with its disks in words."""

    def __init__(self, row: WipeCertificate) -> None:
        self.row = row
        self.disks = shown(list(row.disks.all()))


def shown(rows: Sequence[DiskWipe]) -> list[ShownDisk]:
    return [ShownDisk(row) for row in rows]


def of_computer(computer: Computer) -> dict[str, Any]:
    """Return what the page of a computer shows of its disks."""
    waiting = list(computer.disk_wipes.filter(certificate=None).prefetch_related("evidence"))
    rows = computer.certificates.select_related("withdrawn_by").prefetch_related("disks__evidence").order_by("-pk")
    certificates = [ShownCertificate(row) for row in rows]
    has_valid = any(each.row.is_valid for each in certificates)
    return {
        "waiting_disks": shown(waiting),
        "failed_disk": next(iter(undestroyed(waiting)), None),
        "certificates": certificates,
        "may_record_disks": computer.state in WHERE,
        "wants_certificate": computer.state == State.RECEIVED and not has_valid,
    }
