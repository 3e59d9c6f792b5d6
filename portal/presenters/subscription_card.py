"""Subscriptions for whoever has them: in groups of equal ones, and what all of them together give until when."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Subscription, User
from accounts.subscriptions.standing import Standing
from lib.measures import Size
from nodes.models import Computer
from nodes.subscriptions.plan_words import Span, all_of, bonus, carries, day_of, in_phases, lasts, phases, together
from portal import access

TONES = {
    Standing.PROMISED: "away", Standing.ACTIVE: "on", Standing.ENDING: "busy",
    Standing.GRACE: "asleep", Standing.ENDED: "away",
}  # fmt: skip
# The most important first: of several subscriptions the first of these speaks for all.
_ORDER = (Standing.ACTIVE, Standing.ENDING, Standing.GRACE, Standing.PROMISED, Standing.ENDED)
MOST_LISTED = 25  # beside a person or an offer
_LIVE = (Standing.ACTIVE, Standing.ENDING)


def with_parts(rows: QuerySet[Subscription]) -> QuerySet[Subscription]:
    """Read with subscriptions what is shown of them."""
    return rows.select_related("donor__user", "user", "entitlement__computer__donation").order_by("-pk")


class ShownSubscription:
    """A subscription as it is shown."""

    def __init__(self, row: Subscription, now: datetime) -> None:
        self.row, self.now = row, now
        self.standing = row.standing(now)

    @property
    def tone(self) -> str:
        return f"tone-{TONES[self.standing]}"

    @property
    def label(self) -> str:
        return _("Taken back") if self.row.withdrawn_at else str(self.standing.label)

    @property
    def size(self) -> Size:
        return self.row.entitlement.size

    @property
    def carries(self) -> str:
        return carries(self.size)

    @property
    def amounts(self) -> str:
        return all_of(self.size)

    @property
    def bonus(self) -> str:
        """Say what its computer's time in service brings; '' for nothing."""
        return bonus(self.row.entitlement.bonus_days)

    @property
    def lasts(self) -> str:
        return lasts(self.row.days)

    @property
    def computer(self) -> Computer | None:
        return self.row.entitlement.computer

    @property
    def days_left(self) -> int:
        """Return the whole days left: what can be given away."""
        return self.row.days_left(self.now)

    @property
    def days_shown(self) -> int:
        """Return the days left as people count them, the one that runs among them."""
        return self.row.days_shown(self.now)

    @property
    def days_gone(self) -> int:
        """Return the days that have passed since its start."""
        return self.row.days - self.days_shown if self.row.starts_at else 0

    @property
    def may_be_given(self) -> bool:
        return self.row.starts_at is not None and self.days_left > 0

    @property
    def left_in_words(self) -> str:
        if not self.days_left:
            return _("less than a day")
        days = self.days_shown
        return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}

    @property
    def sentence(self) -> str:
        """Say in a sentence where it stands, and what comes next."""
        row = self.row
        if row.withdrawn_at:
            return _("The promise was taken back: its computer did not come.")
        if row.starts_at is None or row.ends_at is None:
            return self._promise()
        facts = {"day": day_of(row.ends_at), "left": self.left_in_words}
        if self.standing in _LIVE:
            return _("It lasts until %(day)s: %(left)s more.") % facts
        if self.standing == Standing.GRACE and row.grace_ends_at:
            until = {"day": facts["day"], "until": day_of(row.grace_ends_at)}
            return _("It ended on %(day)s. Nothing is deleted until %(until)s.") % until
        return _("It ended on %(day)s.") % facts

    def _promise(self) -> str:
        has_come, has_account = self.row.entitlement.earned_at is not None, self.row.holder is not None
        if has_come and has_account:
            return _("It starts within a minute.")
        if has_come:
            return _("It starts when you add what you gave to an account: until then none of its days pass.")
        if has_account:
            return _("It starts when its computer has come. Until then none of its days pass.")
        return _("It starts when its computer has come and you have added what you gave to an account.")


class Group:
    """Equal subscriptions: the same plan, amounts and days, at the same place."""

    def __init__(self, rows: list[ShownSubscription]) -> None:
        self.rows, self.first = rows, rows[0]

    @property
    def title(self) -> str:
        """Return the plan's title, with how many there are of them."""
        title = self.first.row.shown_title
        return f"{len(self.rows)} × {title}" if len(self.rows) > 1 else title

    @property
    def computers(self) -> list[tuple[Computer, ShownSubscription]]:
        return [(shown.computer, shown) for shown in self.rows if shown.computer]

    @property
    def carries(self) -> str:
        """Say how many machines they are for together."""
        return carries(together(shown.size for shown in self.rows))

    @property
    def are_many(self) -> bool:
        return len(self.rows) > 1


def groups_of(rows: Iterable[Subscription], now: datetime) -> list[Group]:
    """Put equal subscriptions together, those in use first, then by their end."""
    found: dict[Any, list[ShownSubscription]] = {}
    for row in rows:
        shown = ShownSubscription(row, now)
        found.setdefault(_what_is_equal(shown), []).append(shown)
    groups = [Group(each) for each in found.values()]
    return sorted(groups, key=lambda group: (_ORDER.index(group.first.standing), group.first.row.ends_at or now))


def _what_is_equal(shown: ShownSubscription) -> tuple[Any, ...]:
    row = shown.row
    days = [localdate(at) if at else None for at in (row.starts_at, row.ends_at)]
    has_come = row.entitlement.earned_at is not None
    return (shown.standing, row.shown_title, shown.size, row.days, *days, has_come, row.withdrawn_at is not None)


class Card:
    """All subscriptions of a person at a moment. Its colour, figure and sentence are those of what lasts longest."""

    def __init__(self, rows: Iterable[Subscription], now: datetime) -> None:
        self.now, self.groups = now, groups_of(rows, now)

    @cached_property
    def main(self) -> ShownSubscription:
        """Return the one that speaks for all: of those in use, or else in the most important state, the one that ends last."""
        best = self.groups[0].first.standing
        live = [group.first for group in self.groups if group.first.standing in _LIVE]
        same = live or [group.first for group in self.groups if group.first.standing == best]
        return max(same, key=lambda shown: (shown.row.ends_at or shown.now, shown.row.pk))

    @property
    def current(self) -> list[Group]:
        return [group for group in self.groups if group.first.standing != Standing.ENDED]

    @property
    def past(self) -> list[Group]:
        return [group for group in self.groups if group.first.standing == Standing.ENDED]

    @property
    def is_live(self) -> bool:
        return self.main.standing in _LIVE

    @property
    def is_ending(self) -> bool:
        return self.main.standing == Standing.ENDING

    @property
    def is_in_grace(self) -> bool:
        return self.main.standing == Standing.GRACE

    @property
    def is_promised(self) -> bool:
        return self.main.standing == Standing.PROMISED

    @property
    def is_one(self) -> bool:
        """Say whether all are equal, so that the card says all of them."""
        return len(self.groups) == 1

    @property
    def in_words(self) -> str:
        """Say what they give together, until when; '' where the figure says it."""
        spans = [
            Span(shown.row.ends_at, shown.size)
            for group in self.groups
            for shown in group.rows
            if shown.standing in _LIVE and shown.row.ends_at
        ]
        found = phases(spans, self.now)
        return _("Together they give you %(phases)s.") % {"phases": in_phases(found)} if len(spans) > 1 else ""


def card_of(rows: QuerySet[Subscription]) -> Card | None:
    """Return the card of these subscriptions; None where there is none."""
    found = list(with_parts(rows))
    return Card(found, timezone.now()) if found else None


def less(row: Subscription, days: int) -> str:
    """Say until when a subscription lasts with fewer days."""
    return day_of(row.ends_at - timedelta(days=days)) if row.ends_at else ""


def subscriptions_of(rows: QuerySet[Subscription]) -> dict[str, Any]:
    """Return the newest of these subscriptions as staff see them beside a person or an offer, for a page's context."""
    found, now = list(with_parts(rows)[: MOST_LISTED + 1]), timezone.now()
    shown = [ShownSubscription(row, now) for row in found[:MOST_LISTED]]
    return {"subscriptions": shown, "are_more_subscriptions": len(found) > MOST_LISTED}


def parts_of_quota(user: User) -> list[str]:
    """Say of each subscription in use what part of a person's quota it is, and until when. No query for who is no donor."""
    if not access.donates(user):
        return []
    now = timezone.now()
    live = with_parts(Subscription.objects.of(user).filter(starts_at__lte=now, ends_at__gt=now))
    text = _("Part of a subscription, until %(day)s: %(what)s")
    groups = [(group, group.first.row.ends_at) for group in groups_of(live, now)]
    return [text % {"day": day_of(ends_at), "what": group.carries} for group, ends_at in groups if ends_at]
