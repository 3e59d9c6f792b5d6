"""Subscriptions in each state, for tests."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import Donor, Subscription, SubscriptionEntry, User
from accounts.subscriptions import ledger
from nodes.models import Computer, Entitlement, Plan
from nodes.subscriptions import grant_rows, promises
from tests.nodes.conftest import Clock
from tests.nodes.donated import donor_of, offered, stepped

AMOUNTS = {"machines": 1, "vcpus": 2, "ram_mb": 2048, "disk_gb": 10, "ports": 6, "archives": 2, "archive_gb": 20}


def make_plan(days: int = 365, **facts: Any) -> Plan:
    """The only plan."""
    Plan.objects.all().delete()
    named = {"title_en": "One machine", "title_es": "Una máquina", "days": days}
    return Plan.objects.create(**(named | AMOUNTS | facts))


def follow() -> None:
    """Let the loop run once, now."""
    promises.follow(timezone.now())


def settled(computer: Computer, *names: str, by: User, clock: Clock) -> Computer:
    """Take a computer some steps further, let the time to undo them pass, and let the loop run."""
    stepped(computer, *names, by=by)
    clock.pass_minutes(10)
    follow()
    return computer


def promised(by: User, clock: Clock, donor: Donor | None = None) -> Subscription:
    """The promise that an accepted computer brings its donor."""
    computer = offered(donor=donor or donor_of()).computers.get()
    settled(computer, "accept", by=by, clock=clock)
    return Subscription.objects.get(entitlement__computer=computer)


def started(user: User, by: User, clock: Clock, *, days: int = 365) -> Subscription:
    """A subscription of a donor with an account, that has just started."""
    make_plan(days)
    row = promised(by, clock, donor_of(user=user, email=user.email or f"{user.username}@example.org"))
    settled(row.entitlement.computer, "receive", by=by, clock=clock)
    row.refresh_from_db()
    return row


@transaction.atomic
def running(user: User, days: int = 100) -> Subscription:
    """A subscription of a person that has just started, without the way that leads there."""
    now = timezone.now()
    row = Subscription.objects.create(user=user, title={"en": "One machine", "es": "Una máquina"})
    ledger.write(row, kind=SubscriptionEntry.Kind.GRANTED, days=days, key="granted", now=now)
    ledger.start(row, now)
    grant_rows.begin(Entitlement.objects.create(subscription=row, earned_at=now, **AMOUNTS), row, user)
    return row


def pass_days(clock: Clock, days: float) -> None:
    clock.pass_minutes(timedelta(days=days) / timedelta(minutes=1))
