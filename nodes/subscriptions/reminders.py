"""Mails before the end of a subscription, at it, and at the end of the grace: each once for each end.

Subscriptions of a person that end together, as those of an offer of many computers do, are one mail.

What was sent last stands on the row. If nothing ran for days, only the nearest is sent; one whose day had passed when the end moved is not.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Notice, Subscription
from accounts.notices import kinds, outbox
from accounts.subscriptions import ledger
from accounts.subscriptions.models import SubscriptionQuerySet
from accounts.subscriptions.standing import grace

KIND = "subscription.end"


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of which a mail tells. after: from the end on, negative before it."""

    name: str
    after: timedelta


def marks() -> tuple[Mark, ...]:
    """Return all moments, the earliest first."""
    before = tuple(Mark(str(days), -timedelta(days=days)) for days in (30, 7, 1))
    return (*before, Mark("grace", timedelta()), Mark("ended", grace()))


def mark_at(ends_at: datetime, now: datetime) -> Mark | None:
    """Return the latest moment that has come; None for none."""
    passed = [mark for mark in marks() if ends_at + mark.after <= now]
    return passed[-1] if passed else None


def due(now: datetime) -> SubscriptionQuerySet:
    """Select the subscriptions for whose end a moment has come that is not noted yet."""
    all_marks, noted = marks(), Q()
    for mark, following in pairwise(all_marks):
        noted |= Q(reminded=mark.name, ends_at__gt=now - following.after)
    noted |= Q(reminded=all_marks[-1].name)
    rows = Subscription.objects.filter(ends_at__lte=now - all_marks[0].after)
    return rows.exclude(noted, reminded_end=F("ends_at"), reminded_end__isnull=False)


@transaction.atomic
def remind(pk: int, now: datetime) -> None:
    """Note the moment that has come, and put its mail into the outbox, unless it had passed when the end moved."""
    row = ledger.locked(pk)
    mark = mark_at(row.ends_at, now) if row.ends_at else None
    if mark is None or row.ends_at is None or (row.reminded, row.reminded_end) == (mark.name, row.ends_at):
        return
    row.reminded, row.reminded_end = mark.name, row.ends_at
    row.save(update_fields=["reminded", "reminded_end"])
    is_news = row.moved_at is None or row.moved_at < row.ends_at + mark.after
    if is_news and (holder := row.holder) and holder.removed_at is None:
        about = f"subscriptions:{mark.name}:{row.ends_at:%Y%m%d%H%M%S%f}"  # of all of theirs that end then: one mail
        facts = {"mark": mark.name, "ends_at": row.ends_at.isoformat()}
        ways = [Notice.Channel.MAIL]
        outbox.send(kind=KIND, to=holder, about=about, channels=ways, now=now, arguments=facts)


# ---- what the mails say ----


def register() -> None:
    """Make the kind known. Nobody unsubscribes: whoever does not read it does not know why machines sleep."""
    label = gettext_lazy("Before the end of a subscription, and at it")
    kinds.register(kinds.Kind(KIND, label, facts_of, "donating/subscription_mail"))


def facts_of(notice: Notice) -> dict[str, Any] | None:
    """Return what a mail says of all subscriptions of its reader that end then; None where none does any more."""
    reader, ends_at = notice.recipient, datetime.fromisoformat(notice.arguments["ends_at"])
    rows = list(Subscription.objects.of(reader).filter(ends_at=ends_at).order_by("pk")) if reader else []
    if not rows:
        return None
    mark = notice.arguments["mark"]
    return {
        "subject": _subject(mark, ends_at),
        "hello": _("Hello %(name)s,") % {"name": notice.reader.short_name},
        "mark": mark,
        "plan": _titles(rows),
        "ends_on": _day(ends_at),
        "kept_until": _day(ends_at + grace()),
        "address": settings.DONATIONS_EMAIL,
        "page": f"{settings.PORTAL_URL}{reverse('donating')}",
    }


def _titles(rows: list[Subscription]) -> str:
    """Name plans, equal ones once, with how many there are of them."""
    counts = Counter(row.shown_title for row in rows)
    return ", ".join(f"{count} × {title}" if count > 1 else title for title, count in counts.items())


def _day(at: datetime) -> str:
    return date_format(localtime(at), "DATE_FORMAT")


def _subject(mark: str, ends_at: datetime) -> str:
    if mark == "grace":
        return _("Your subscription has ended: nothing is deleted yet")
    if mark == "ended":
        return _("The time after your subscription is over")
    days = int(mark)
    words = ngettext("Your subscription ends tomorrow", "Your subscription ends in %(days)s days", days)
    return words % {"days": days}
