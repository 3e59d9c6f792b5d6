"""Donors, donations and computers in the ledger, for tests."""

import uuid
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.donors import donor_rows
from accounts.models import Donor, User
from accounts.notices import mail
from nodes import actions
from nodes.actions import Offered
from nodes.models import Computer, Donation

PC = Offered("desktop", "Dell OptiPlex 780", "Core 2 Duo E8400", 64, 4096, 320, 1000, 2010)
OLD = Offered("desktop", "Compaq Evo", "Pentium 4", 32, 512, 40, 100, 2002)


def donor_of(email: str = "lucia@example.org", *, user: User | None = None, **facts: Any) -> Donor:
    """A donor; with `user` their own row, whether their address is proven or not."""
    named = {"name": "Lucía Paz", "organisation": "Colegio Mejía", "language": "", "browser_time_zone": "", **facts}
    with transaction.atomic():
        donor = donor_rows.find_or_make(email=email, user=user, **named)
    if user and donor.user is None:
        donor.user = user
        donor.save(update_fields=["user"])
    return donor


def offered(*computers: Offered | str, donor: Donor | None = None, **facts: Any) -> Donation:
    """An offer of these computers, or of PCs of these models."""
    described = [replace(PC, model=each) if isinstance(each, str) else each for each in computers or (PC,)]
    return actions.offer(donor=donor or donor_of(), computers=described, **{"handover": "bring", **facts})


def make_computer(state: str = "offered", *, donor: Donor | None = None, **facts: Any) -> Computer:
    """A computer put into a state, without the steps that lead there."""
    computer = offered(donor=donor).computers.get()
    reason = {"reason": "enough"} if state == "declined" else {}
    Computer.objects.filter(pk=computer.pk).update(state=state, **reason, **facts)
    computer.refresh_from_db()
    return computer


def taken(donation: Donation, name: str, by: User, **facts: Any) -> uuid.UUID:
    """Take all computers of a donation a step further. Return the batch."""
    if name == "decline":
        facts.setdefault("reason", "enough")
    return actions.step(computers=donation.computers.all(), name=name, by=by, **facts)


def stepped(computer: Computer, *names: str, by: User, **facts: Any) -> Computer:
    """Take a computer some steps further. facts: of its receipt."""
    for name in names:
        more = {"reason": "enough"} if name == "decline" else facts if name == "receive" else {}
        actions.step(computers=[computer], name=name, by=by, **more)
    computer.refresh_from_db()
    return computer


def states_of(donation: Donation) -> list[str]:
    return list(donation.computers.values_list("state", flat=True))


def mailed() -> int:
    """Send what is due, and say how many mails that were."""
    return mail.send_due(timezone.now())
