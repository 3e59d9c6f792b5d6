"""Donations for tests."""

from typing import Any

from django.db import transaction

from accounts.donors import donor_rows
from accounts.models import Donor, User
from nodes import actions
from nodes.actions import Offered
from nodes.models import Computer, Donation

GOOD = Offered("desktop", "Dell OptiPlex 780", "Core 2 Duo E8400", 64, 4096, 320, 1000, 2010)
OLD = Offered("desktop", "Compaq Evo", "Pentium 4", 32, 512, 40, 100, 2002)


def donor_of(email: str = "carlos@example.org", user: User | None = None, **facts: Any) -> Donor:
    named = {"name": "Carlos Quishpe", "organisation": "", "language": "", "browser_time_zone": "", **facts}
    with transaction.atomic():
        return donor_rows.find_or_make(email=email, user=user, **named)


def offered(*computers: Offered, donor: Donor | None = None, handover: str = "bring") -> Donation:
    return actions.offer(donor=donor or donor_of(), computers=computers or (GOOD,), handover=handover)


def stepped(computer: Computer, *names: str, by: User, **facts: Any) -> Computer:
    """Take a computer some steps further."""
    for name in names:
        more = {"reason": "enough"} if name == "decline" else facts if name == "receive" else {}
        actions.step(computers=[computer], name=name, by=by, **more)
    computer.refresh_from_db()
    return computer
