"""Give a subscription more days, or correct them, as administrators do; add the bonus for time in service. The grant follows at once."""

import uuid
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.audit.trail import Thing, record
from accounts.models import Subscription, SubscriptionEntry, User
from accounts.subscriptions import ledger
from lib.notes import Refusal
from nodes.subscriptions import grant_rows

Kind = SubscriptionEntry.Kind
MOST_DAYS = 3660  # of one renewal


class BadDays(Refusal):
    """The refusal of days that cannot be. field: of the form."""

    status = 400
    code = "invalid"

    def __init__(self, text: str, args: dict[str, Any] | None = None, *, field: str = "days") -> None:
        super().__init__(text, args)
        self.field = field


class TakenBack(Refusal):
    """The promise was taken back, or its holder is gone: there is nothing to change."""

    code = "subscription_over"


@transaction.atomic
def renew(*, subscription: Subscription, days: int, by: User, note: str = "", key: str = "") -> Subscription:
    """Add days. After the end they count from today: what has passed since is added as an entry of its own.

    key: names the press, so that it counts once; '': each call counts. Raises BadDays, TakenBack.
    """
    if not 1 <= days <= MOST_DAYS:
        raise BadDays(_("Give a number of days from 1 to %(most)s."), {"most": MOST_DAYS})
    return _changed(subscription, Kind.RENEWED, days, by, note, key)


@transaction.atomic
def correct(*, subscription: Subscription, days: int, by: User, note: str, key: str = "") -> Subscription:
    """Add or take days (negative), with the reason. At most what is left can be taken. Raises BadDays, TakenBack."""
    if not note.strip():
        raise BadDays(_("Say why."), field="note")
    if days == 0 or abs(days) > MOST_DAYS:
        raise BadDays(_("Give a number of days, at most %(most)s, with a minus to take some."), {"most": MOST_DAYS})
    return _changed(subscription, Kind.CORRECTED, days, by, note, key)


@transaction.atomic
def add_bonus(*, subscription: Subscription, which: int, month: date, days: int, now: datetime) -> bool:
    """Add the days for a thousand hours of its computer in service: the first, the second … Each counts once. Returns whether it was new.

    month: in which they were full.
    """
    row = ledger.locked(subscription.pk)
    if row.withdrawn_at or row.is_of_nobody:
        return False
    return add(row, kind=Kind.BONUS, days=days, key=f"bonus:{which}", now=now, month=month)


def _changed(subscription: Subscription, kind: Kind, days: int, by: User, note: str, key: str) -> Subscription:
    row, now = ledger.locked(subscription.pk), timezone.now()
    if row.withdrawn_at:
        raise TakenBack(_("This promise was taken back: its computer did not come."))
    if row.is_of_nobody:
        raise TakenBack(_("This was erased meanwhile. Nothing can be changed any more."))
    left, key = row.days_left(now), f"{kind}:{key or uuid.uuid4().hex}"[:64]
    if row.entries.filter(key=key).exists():
        return row
    if days < 0 and -days > left:
        raise BadDays(_("Only %(left)s days are left: take at most so many."), {"left": left})
    add(row, kind=kind, days=days, key=key, now=now, by=by, note=note)
    thing, detail = Thing("subscription", row.pk, row.title["en"]), {"days": days, "note": note}
    record(
        by=by, verb=f"{_VERBS[kind]}_subscription", whom=row.holder, thing=thing, detail=detail, is_own_recorded=True
    )
    return row


_VERBS = {Kind.RENEWED: "renew", Kind.CORRECTED: "correct"}


def add(
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
    """Write an event of a locked subscription down and let the grant follow. Returns whether it was new."""
    note = note.strip()[:200]
    is_new = ledger.write(subscription, kind=kind, days=days, key=key, now=now, by=by, note=note, month=month)
    if is_new:
        grant_rows.follow(subscription)
    return is_new
