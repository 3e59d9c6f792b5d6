"""Donations in the ledger, for its tests."""

import uuid
from typing import Any

from django.utils import timezone

from accounts.models import Donor, User
from accounts.notices import mail
from nodes import actions
from nodes.actions import Offered
from nodes.models import Computer, Donation

PC = Offered(kind="desktop", model="Dell OptiPlex 7010", cpu="Core i5-3470", ram_mb=8192)
OLD = Offered(kind="desktop", model="Clone", cpu="Pentium 4")


def offered(donor: Donor, *computers: Offered) -> Donation:
    return actions.offer(donor=donor, computers=computers or (PC,), handover="bring")


def taken(donation: Donation, name: str, by: User, **facts: Any) -> uuid.UUID:
    if name == "decline":
        facts.setdefault("reason", "enough")
    return actions.step(computers=donation.computers.all(), name=name, by=by, **facts)


def in_state(donor: Donor, state: str) -> Computer:
    """A computer that is in a state, by whichever way."""
    computer = offered(donor).computers.get()
    facts = {"state": state, "reason": "enough" if state == "declined" else ""}
    Computer.objects.filter(pk=computer.pk).update(**facts)
    computer.refresh_from_db()
    return computer


def states_of(donation: Donation) -> list[str]:
    return list(donation.computers.values_list("state", flat=True))


def mailed() -> int:
    """Send what is due, and say how many mails that were."""
    return mail.send_due(timezone.now())
