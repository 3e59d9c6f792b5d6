"""Rows of the ledger of donations, for tests."""

from typing import Any

from accounts.models import Donor
from nodes import actions
from nodes.models import Computer, Donation


def make_donor(email: str = "lucia@example.org", **facts: Any) -> Donor:
    given = {"name": "Lucía Paz", "organisation": "Colegio Mejía", **facts}
    return Donor.objects.filter(email=email).first() or Donor.objects.create(email=email, **given)


def make_donation(*models: str, donor: Donor | None = None, **facts: Any) -> Donation:
    """An offer of computers of these models, all of which can help."""
    offered = [
        actions.Offered(kind="desktop", model=model, cpu="Core 2 Duo E8400", bits=64, ram_mb=4096) for model in models
    ]
    return actions.offer(donor=donor or make_donor(), computers=offered, handover="bring", **facts)


def make_computer(state: str = "offered", model: str = "Dell OptiPlex 780", **facts: Any) -> Computer:
    """A computer put into a state, without the steps that lead there."""
    computer = make_donation(model, donor=facts.pop("donor", None)).computers.get()
    Computer.objects.filter(pk=computer.pk).update(state=state, **facts)
    computer.refresh_from_db()
    return computer
