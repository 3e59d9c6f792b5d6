"""Put messages into the outbox with the action that they are about; each channel's worker claims them row by row.

A claimed row is "sending", and that is committed before anything goes out. So a row whose worker died may have been sent or not:
it is never sent again by itself, it fails, and an administrator decides.
"""

import logging
import re
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Min
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.audit.trail import Thing, record
from accounts.models import Donor, User
from accounts.notices.kinds import kind_of
from accounts.notices.models import Notice, NoticeQuerySet
from lib import doorbell
from lib.notes import Refusal

log = logging.getLogger(__name__)

LOST_AFTER = timedelta(minutes=5)  # a worker that has been sending one row for so long is dead
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=30)
KEPT = timedelta(days=180)  # then a row is deleted: nobody asks any more what it was
BATCH = 1_000  # rows of one insert
LOST = _("The worker ended while it sent this. Whether it arrived is not known, so it is not sent again by itself.")
PASSED_OVER = "No longer worth sending."
TOO_LATE = _("Its time was over before it could be delivered.")
_ADDRESS = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{1,255}")
Channel, State = Notice.Channel, Notice.State
OPEN = (State.DUE, State.SENDING)


class NotFailed(Refusal):
    """The refusal to send again what has not failed."""

    code = "not_failed"


def send(
    *,
    kind: str,
    to: User | Donor,
    about: str,
    channels: Iterable[str],
    now: datetime,
    not_before: datetime | None = None,
    arguments: dict[str, Any] | None = None,
    holder: UUID | None = None,
    ends_at: datetime | None = None,
) -> None:
    """Put one message into the outbox, once per channel however often it is called. Belongs into the action's transaction.

    not_before: a mail waits until then, and can be cancelled so long.
    """
    facts = {"arguments": arguments or {}, "holder": holder, "ends_at": ends_at}
    _insert([_row(kind, to, about, channel, now, facts, not_before) for channel in channels])


def send_to_all(*, kind: str, people: Iterable[User], about: str, channels: Iterable[str], now: datetime) -> None:
    """Put one message for each of these people into the outbox, as `send` does for one."""
    ways = tuple(channels)
    _insert([_row(kind, person, about, channel, now, {}) for person in people for channel in ways])


def _row(
    kind: str,
    to: User | Donor,
    about: str,
    channel: str,
    now: datetime,
    facts: dict[str, Any],
    not_before: datetime | None = None,
) -> Notice:
    next_at = None if channel == Channel.PAGE else not_before or now
    row: dict[str, Any] = {"kind": kind_of(kind).name, "about": about, "channel": channel}
    row |= {"recipient": to} if isinstance(to, User) else {"donor": to}
    return Notice(**row, next_at=next_at, created_at=now, **facts)


def _insert(rows: list[Notice]) -> None:
    Notice.objects.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)
    if any(row.channel == Channel.MAIL for row in rows):
        doorbell.ring("accounts.tasks.send_notices")


def cancel(abouts: Collection[str], why: str) -> int:
    """Stop what was not delivered yet. Call it in the transaction that makes it pointless."""
    due = Notice.objects.filter(about__in=abouts, state=State.DUE)
    return due.update(state=State.CANCELLED, next_at=None, fault=why[:200])


def bring_back(abouts: Collection[str], why: str, *, now: datetime, wait: timedelta) -> int:
    """Restore notices that were cancelled for this reason. Call it in the transaction that makes them worth sending again.

    wait: how long after it was written a notice may still be cancelled, as with `not_before`.
    """
    stopped = Notice.objects.filter(about__in=abouts, state=State.CANCELLED, fault=why[:200])
    count = stopped.update(state=State.DUE, next_at=Greatest(F("created_at") + wait, now), fault="")
    if count:
        doorbell.ring("accounts.tasks.send_notices")
    return count


def claim(channel: str, now: datetime, *, most: int, except_for: Collection[str] = ()) -> list[Notice]:
    """Take up to `most` due rows of a channel, with their recipients. Workers side by side never get the same row."""
    with transaction.atomic():
        due = Notice.objects.due(channel, now).exclude(pk__in=except_for).select_related("recipient", "donor")
        # What was tried least comes first: a row at which a server always breaks off must not be before all others for ever.
        due = due.select_for_update(skip_locked=True, of=("self",)).order_by("attempts", "next_at", "pk")
        rows = list(due[:most])
        taken = Notice.objects.filter(pk__in=[row.pk for row in rows])
        taken.update(state=State.SENDING, claimed_at=timezone.now(), attempts=F("attempts") + 1)
    for row in rows:
        row.state, row.attempts = State.SENDING, row.attempts + 1
    return rows


def give_up_lost(channel: str, now: datetime) -> None:
    """Close rows whose worker died while sending, and rows whose time is over."""
    rows = Notice.objects.filter(channel=channel)
    lost = rows.filter(state=State.SENDING, claimed_at__lt=now - LOST_AFTER)
    if count := lost.update(state=State.FAILED, claimed_at=None, fault=LOST):
        log.error("notices: %s rows of %s were lost with their worker", count, channel)
    rows.filter(state=State.DUE, ends_at__lte=now).update(state=State.CANCELLED, next_at=None, fault=TOO_LATE)


# ---- the outcome of a row ----


def delivered(notice: Notice, now: datetime) -> bool:
    """Record a delivery; whether the row was still open. A worker that was taken for dead, and was not, has the last word."""
    rows = Notice.objects.filter(pk=notice.pk, state__in=(*OPEN, State.FAILED))
    return rows.update(state=State.DELIVERED, delivered_at=now, next_at=None, claimed_at=None, fault="") == 1


def settle(notice: Notice, state: str, fault: str) -> None:
    """Close a row that cannot be delivered."""
    _sending(notice).update(state=state, fault=_without_addresses(fault), next_at=None, claimed_at=None)


def put_back(notice: Notice, fault: str, *, pause: timedelta | None = None) -> None:
    """Try a claimed row again after a while; without a `pause`, ever less often."""
    again = timezone.now() + (pause if pause is not None else pause_after(notice.attempts))
    _sending(notice).update(state=State.DUE, claimed_at=None, fault=_without_addresses(fault), next_at=again)


def _without_addresses(fault: str) -> str:
    """Return what a server said without the address that it quotes: whose it is may be erased before the row is, and never asked for a mail."""
    return _ADDRESS.sub("…", fault[:1_000])[:200]


def put_off(due: NoticeQuerySet, fault: str) -> int:
    """Try all of these rows later, each after its own pause: the fault is in none of them."""
    now, count = timezone.now(), 0
    for attempts in set(due.values_list("attempts", flat=True)):
        again = now + pause_after(attempts + 1)
        count += due.filter(attempts=attempts).update(attempts=attempts + 1, next_at=again, fault=fault[:200])
    return count


def pause_after(attempts: int) -> timedelta:
    """Return the pause after so many tries: 30 s, 1, 2, 4 … at most 30 minutes."""
    pause: timedelta = FIRST_PAUSE * 2 ** min(max(attempts - 1, 0), 10)
    return min(pause, LONGEST_PAUSE)


@transaction.atomic
def send_again(*, notice: Notice, by: User) -> None:
    """Send a mail that failed once more, as an administrator asks. Raises NotFailed."""
    now = timezone.now()
    failed = Notice.objects.filter(pk=notice.pk, state=State.FAILED, channel=Channel.MAIL)
    if not failed.update(state=State.DUE, attempts=0, next_at=now, fault=""):
        raise NotFailed(_("Only a mail that was not delivered can be sent again."))
    log.info("notice %s is sent again by %s", notice.pk, by.username)
    record(by=by, verb="send_notice_again", whom=notice.recipient_id, thing=Thing("notice", notice.pk, notice.kind))
    doorbell.ring("accounts.tasks.send_notices")


def _sending(notice: Notice) -> NoticeQuerySet:
    return Notice.objects.filter(pk=notice.pk, state=State.SENDING)


# ---- health and tidying ----


def failing_since(now: datetime) -> datetime | None:
    """Return since when mails have waited that were tried in vain, while none at all went out in the last quarter of an hour."""
    mails = Notice.objects.filter(channel=Channel.MAIL)
    first: datetime | None = mails.filter(state=State.DUE, attempts__gte=2).aggregate(at=Min("created_at"))["at"]
    lately = now - timedelta(minutes=15)
    if first is None or first > lately or mails.filter(state=State.DELIVERED, delivered_at__gt=lately).exists():
        return None
    return first


def forget(now: datetime) -> None:
    """Delete notices that are long over."""
    Notice.objects.filter(created_at__lt=now - KEPT).exclude(state__in=OPEN).delete()
