"""Disks and certificates, for tests."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from nodes.models import Computer, DiskWipe, WipeCertificate
from nodes.wiping import certificates, disks
from tests.nodes.donated import make_computer

PDF = b"%PDF-1.4 nwipe report"


def facts(**other: Any) -> dict[str, Any]:
    """Return what is recorded of a magnetic disk that was overwritten."""
    ended = timezone.now() - timedelta(hours=1)
    usual = {
        "media": "magnetic", "serial": "WD-WCAV2M918842", "size_gb": 320, "computer_serial": "4XK2P4J", "method": "clear",
        "technique": "overwrite", "own_technique": "", "tool": "nwipe", "tool_version": "0.42", "started_at": ended - timedelta(hours=2),
        "ended_at": ended, "result": "passed", "verification": "full", "validation": "Compared with the tool's log",
        "second_person": "Łukasz Gałązka",
    }  # fmt: skip
    return {**usual, **other}


FAILED = {"result": "failed", "verification": ""}
DESTROYED = {"method": "destroy", "technique": "shred", "tool": "", "tool_version": "", "verification": "seen"}


def wiped(computer: Computer, by: User, *, files: Any = (), **other: Any) -> DiskWipe:
    return disks.add(computer=computer, by=by, files=files, **facts(**other))


def certified(by: User, computer: Computer | None = None, **other: Any) -> WipeCertificate:
    """A certificate of one disk; without a computer of one that was received."""
    computer = computer or make_computer("received")
    wiped(computer, by, **other)
    return certificates.issue(computer=computer, by=by)
