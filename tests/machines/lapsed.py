"""People with a subscription that ends, for tests of what their machines do."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Subscription, User
from machines import lapsed_owners
from machines.models import Machine
from nodes.models import Entitlement
from nodes.subscriptions import days
from quotas.models import Grant
from tests.factories import grant, make_machine

AMOUNTS = {"machines": 1, "vcpus": 2, "ram_mb": 2048, "disk_gb": 10, "ports": 6, "archives": 2, "archive_gb": 20}
DAY = timedelta(days=1)


def subscribed(user: User, *, ends_at: datetime, **amounts: Any) -> Subscription:
    """Give a person a subscription that began a year before its end, with its grant and its ledger."""
    starts_at = ends_at - 365 * DAY
    row = Subscription.objects.create(
        user=user, title={"en": "One machine", "es": "Una máquina"}, starts_at=starts_at, days=365, ends_at=ends_at,
        promised_at=starts_at, moved_at=starts_at,
    )  # fmt: skip
    row.entries.create(kind="granted", days=365, key="granted", at=starts_at)
    facts = AMOUNTS | amounts
    given = Grant.objects.create(user=user, source="subscription", starts_at=starts_at, ends_at=ends_at, **facts)
    Entitlement.objects.create(subscription=row, grant=given, **facts)
    return row


def ended(user: User, ago: timedelta = DAY, **amounts: Any) -> Subscription:
    """Give a person a subscription that has ended."""
    return subscribed(user, ends_at=timezone.now() - ago, **amounts)


def nothing_else(user: User) -> None:
    """Leave a person without any grant but those of subscriptions."""
    Grant.objects.filter(user=user).exclude(source="subscription").delete()


def left(user: User, **amounts: int) -> Grant:
    """Let a person have these amounts beside a subscription."""
    nothing_else(user)
    return grant(user, **amounts)


def used(owner: User, days_ago: float, **facts: Any) -> Machine:
    """Make a running machine that was last used so long ago."""
    return make_machine(owner, used_at=timezone.now() - days_ago * DAY, **facts)


def follow() -> int:
    return lapsed_owners.follow(timezone.now())


def renew(row: Subscription, by: User) -> None:
    days.renew(subscription=row, days=30, by=by)


def wishes(*machines: Machine) -> list[str]:
    return [Machine.objects.get(pk=machine.pk).wanted for machine in machines]
