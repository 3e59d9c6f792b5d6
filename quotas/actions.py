"""Admission: may this person have that much more, now? Decided under a lock on their Allowance row."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from accounts.audit.trail import Thing, record
from accounts.models import User
from lib.compiled_queries import Given, compiled
from lib.measures import MEASURES
from lib.measures import Size as Size
from lib.notes import Note, Refusal
from quotas import ended_grants
from quotas.gauges import Gauge as Gauge
from quotas.gauges import Lack
from quotas.models import Allowance, Grant, QuotaRequest, Reservation, granted
from quotas.sentences import UNITS, sentence


class OverQuota(Refusal):
    """The person's own limit is reached. Waiting does not help; giving something back does.

    lacks: each measure of which there is not enough. owner: whose quota it is.
    """

    code = "quota_exceeded"

    def __init__(self, note: Note, *, owner: User, lacks: Sequence[Lack]) -> None:
        super().__init__(note.text, note.args)
        self.note, self.owner, self.lacks = note, owner, tuple(lacks)


# The only measures of which there may be too much: idle rules archive without asking.
MAY_BE_OVER = ("archives", "archive_gb")
LABELS: dict[str, Promise] = {
    "machines": gettext_lazy("Machines"),
    "vcpus": gettext_lazy("Processors"),
    "ram_mb": gettext_lazy("Memory"),
    "disk_gb": gettext_lazy("Disk"),
    "ports": gettext_lazy("Public ports"),
    "archives": gettext_lazy("Archives and recycle bin"),
    "archive_gb": gettext_lazy("Disk of archives"),
}


@dataclass(frozen=True, slots=True)
class Usage:
    """The gauges of all measures of a person, at one moment."""

    machines: Gauge
    vcpus: Gauge
    ram_mb: Gauge
    disk_gb: Gauge
    ports: Gauge
    archives: Gauge
    archive_gb: Gauge

    def gauges(self) -> list[tuple[str, Promise, Gauge, str]]:
        """Return (measure, label, gauge, unit) for each measure, in the order in which pages show them."""
        return [(m, LABELS[m], getattr(self, m), UNITS[m]) for m in MEASURES]

    def lacks(self, size: Size, *, is_new: bool = False) -> list[Lack]:
        """Return what lacks for `size` more, in the order of MEASURES. is_new: too many archives refuse it, too, and are said first."""
        over = [Lack(m, 0, getattr(self, m)) for m in MAY_BE_OVER if getattr(self, m).is_over] if is_new else []
        asked = zip(MEASURES, astuple(size), strict=True)
        return over or [Lack(m, n, getattr(self, m)) for m, n in asked if n > getattr(self, m).left]

    def why_not(self, size: Size, owner: str = "") -> Note | None:
        """Return None when `size` more fits, else the sentence with the numbers. owner: whose quota it is, '' for the reader's own."""
        lacks = self.lacks(size)
        return sentence(lacks[0], owner) if lacks else None

    def why_not_new(self, size: Size) -> Note | None:
        """Return the same for something new, which is also refused while there are more archives than the limit allows."""
        lacks = self.lacks(size, is_new=True)
        return sentence(lacks[0]) if lacks else None


def usage(user: User) -> Usage:
    """Return what the person's open reservations take and the live grants give. Costs two queries."""
    limits = _sums(granted(user, timezone.now()))
    used = _sums(_reserved(user=user.pk))
    return Usage(*(Gauge(*both) for both in zip(used, limits, strict=True)))


@compiled
def _reserved(user: Given) -> QuerySet[Reservation, Any]:
    return Reservation.objects.filter(user=user, closed_at__isnull=True).values_list(*MEASURES)


def _sums(rows: Iterable[tuple[int, ...]]) -> list[int]:
    """Add up each measure of rows that have them in the order of MEASURES."""
    return [sum(column) for column in zip(*rows, strict=True)] or [0] * len(MEASURES)


def lock(user: User | int) -> None:
    """Lock the person's Allowance until the open transaction ends, so that nothing else is admitted for them. Always take this lock first."""
    pk = user if isinstance(user, int) else user.pk
    row = Allowance.objects.select_for_update().filter(user_id=pk).values_list("pk")
    if not list(row):  # their first one; a transaction that inserts it at the same moment is waited for
        Allowance.objects.bulk_create([Allowance(user_id=pk)], ignore_conflicts=True)
        row.get()


@transaction.atomic
def admit(*, user: User, size: Size, holder: UUID, by: User, is_new: bool = False) -> Reservation:
    """Reserve `size` for `holder`, or raise OverQuota with the numbers. Other admissions for this person wait."""
    lock(user)
    if lacks := usage(user).lacks(size, is_new=is_new):
        is_own = by.pk == user.pk
        why = ended_grants.why(user, [lacks[0].measure], timezone.now(), is_own=is_own)
        note = ended_grants.with_why(sentence(lacks[0], "" if is_own else user.short_name), why)
        raise OverQuota(note, owner=user, lacks=lacks)
    return take(user=user, size=size, holder=holder)


def take(*, user: User, size: Size, holder: UUID) -> Reservation:
    """Reserve `size` without checking the quota: for what the site does by its own rules."""
    return Reservation.objects.create(user=user, holder=holder, **{m: getattr(size, m) for m in MEASURES})


@transaction.atomic
def exchange(*, user: User, size: Size, holder: UUID) -> None:
    """Replace the reservation of `holder` by one of `size`, without checking the quota. Nothing is written where both are equal."""
    row = open_share(holder)
    if (Size(*(getattr(row, m) for m in MEASURES)) if row else Size()) == size:
        return
    free(holders=[holder])
    if any(astuple(size)):
        take(user=user, size=size, holder=holder)


def open_share(holder: UUID) -> Reservation | None:
    """Return the open reservation of `holder`."""
    return Reservation.objects.filter(holder=holder, closed_at__isnull=True).first()


def free(*, holders: list[UUID]) -> None:
    """Close the open reservations of these holders. Repeating it changes nothing."""
    Reservation.objects.filter(holder__in=holders, closed_at__isnull=True).update(closed_at=timezone.now())


class BadGrant(Refusal):
    """A grant of nothing, or one that has already ended. field: where the fault is, '' for all amounts together."""

    status = 400
    code = "bad_grant"

    def __init__(self, text: str, args: dict[str, Any] | None = None, *, field: str = "") -> None:
        super().__init__(text, args)
        self.field = field or None


class NotByHand(Refusal):
    """A grant that belongs to something else, and ends with that."""

    code = "not_by_hand"


@transaction.atomic
def give(
    *,
    user: User,
    size: Size,
    by: User | None,
    reason: str = "",
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Grant:
    """Grant one person `size` more, from now or `starts_at` until `ends_at` (None: without an end), and record it. Raises BadGrant."""
    grant = create_grant(user=user, size=size, by=by, reason=reason, starts_at=starts_at, ends_at=ends_at)
    thing = Thing("grant", grant.pk, reason)
    record(by=by, verb="give_grant", whom=user, thing=thing, detail=detail_of(grant), is_own_recorded=True)
    return grant


def detail_of(grant: Grant) -> dict[str, Any]:
    """Return what the audit log keeps of a grant: the amounts, and when it ends."""
    given = {m: amount for m in MEASURES if (amount := getattr(grant, m))}
    return {"amounts": given, "ends_at": grant.ends_at.isoformat() if grant.ends_at else None}


def create_grant(
    *,
    user: User,
    size: Size,
    by: User | None,
    reason: str = "",
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Grant:
    """Insert a grant; whoever calls this records why. Raises BadGrant."""
    if not any(astuple(size)):
        raise BadGrant(_("Say how much: a grant of nothing changes nothing."))
    if ends_at is not None and ends_at <= timezone.now():
        raise BadGrant(_("This end is in the past. Give a later day."), field="ends_at")
    if ends_at is not None and starts_at is not None and ends_at <= starts_at:
        raise BadGrant(_("It ends before it begins."), field="ends_at")
    amounts = {m: getattr(size, m) for m in MEASURES}
    begins = {"starts_at": starts_at} if starts_at else {}
    return Grant.objects.create(user=user, given_by=by, reason=reason[:200], ends_at=ends_at, **begins, **amounts)


@transaction.atomic
def end_grant(*, grant: Grant, by: User | None) -> None:
    """End what one person was given by hand, now; what has not begun is deleted. Nothing is stopped: there is only no room for more.

    Raises NotByHand for what belongs to a role, a course, a donation or a subscription.
    """
    if grant.user_id:
        lock(grant.user_id)
    row = Grant.objects.select_for_update().filter(pk=grant.pk).first()
    now = timezone.now()
    if row is None or (row.ends_at and row.ends_at <= now):
        return
    if row.source != Grant.Source.HAND:
        raise NotByHand(_("Only what an administrator gave can be ended here."))
    name = _audit_name(row)
    if row.starts_at >= now:
        row.delete()
    else:
        Grant.objects.filter(pk=row.pk).update(ends_at=now)
    record(by=by, verb="end_grant", whom=row.user, thing=Thing("grant", grant.pk, name), is_own_recorded=True)


def _audit_name(grant: Grant) -> str:
    """Return why it was given; if it was asked for, only for what: nobody can erase from the log what the person wrote."""
    title = QuotaRequest.objects.filter(grant=grant).values_list("title__en", flat=True).first()
    return title or grant.reason
