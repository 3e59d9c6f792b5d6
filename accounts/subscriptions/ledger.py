"""The ledger of a subscription: its days are the sum of its entries, its end is its start and so many days."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Sum

from accounts.models import User
from accounts.subscriptions.models import Subscription, SubscriptionEntry
from accounts.subscriptions.standing import DAY

Kind = SubscriptionEntry.Kind


def locked(pk: int) -> Subscription:
    """Lock a subscription until the transaction ends, and read it. Entries are written under this lock."""
    rows = Subscription.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("donor__user", "user").get(pk=pk)


@transaction.atomic
def write(
    subscription: Subscription,
    *,
    kind: Kind,
    days: int,
    key: str,
    now: datetime,
    by: User | None = None,
    note: str = "",
    month: date | None = None,
) -> bool:
    """Write an event of a locked subscription down, once for each `key`. Returns whether it was new.

    Days that come after the end count from `now`: what has passed since the end is added, as an entry of its own.
    """
    if subscription.entries.filter(key=key).exists():
        return False
    facts = {"subscription": subscription, "at": now, "by": by}
    over = now - subscription.ends_at if subscription.ends_at else timedelta()
    if days > 0 and over > timedelta() and (passed := _passed(kind, over)):
        SubscriptionEntry.objects.create(kind=Kind.LAPSED, days=passed, key=f"lapsed:{key}"[:64], **facts)
    SubscriptionEntry.objects.create(kind=kind, days=days, key=key, note=note, month=month, **facts)
    keep(subscription, now)
    return True


def _passed(kind: Kind, time: timedelta) -> int:
    """Return how many days since the end are not counted.

    A begun one is a gift, but not where a code comes back: whoever gives and takes again would make days.
    """
    whole = time // DAY
    return whole if kind == Kind.WITHDRAWN else -(-time // DAY)


def start(subscription: Subscription, now: datetime) -> None:
    """Let the days of a locked subscription run from now on."""
    subscription.starts_at = now
    keep(subscription, now)


def keep(subscription: Subscription, now: datetime) -> None:
    """Write the sum of the entries, and the end that follows, into the row."""
    subscription.days = balance(subscription)
    before, subscription.ends_at = subscription.ends_at, end_of(subscription.starts_at, subscription.days)
    if subscription.ends_at != before:
        subscription.moved_at = now
    subscription.save(update_fields=["days", "starts_at", "ends_at", "moved_at"])


def balance(subscription: Subscription) -> int:
    """Return the sum of the entries, in days."""
    return subscription.entries.aggregate(sum=Sum("days"))["sum"] or 0


def end_of(starts_at: datetime | None, days: int) -> datetime | None:
    """Return the end that follows from a start and a sum."""
    return None if starts_at is None else starts_at + timedelta(days=days)
