"""Admission: may this person have that much more, now? Decided under a lock on their Allowance row."""

from collections.abc import Iterable
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

from accounts.models import User
from lib.compiled_queries import Given, compiled
from lib.measures import MEASURES
from lib.measures import Size as Size
from lib.notes import Note, Refusal
from quotas.models import Allowance, Grant, Reservation, granted


class OverQuota(Refusal):
    """The person's own limit is reached. Waiting does not help; giving something back does."""

    code = "quota_exceeded"


@dataclass(frozen=True, slots=True)
class Gauge:
    """The used amount and the limit of one measure, in the unit of the measure."""

    used: int
    limit: int

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def is_over(self) -> bool:
        return self.used > self.limit

    @property
    def percent(self) -> int:
        return min(100, 100 * self.used // self.limit) if self.limit else 100 * bool(self.used)


_WHY_NOT = {
    "machines": _("You have %(used)s of your %(limit)s machines. Delete one you no longer need, then launch this one."),
    "vcpus": _("This needs %(asked)s processors, and %(left)s of your %(limit)s are free. Delete a machine, or choose a smaller one."),
    "ram_mb": _("This needs %(asked)s MB of memory, and %(left)s MB of your %(limit)s MB are free. Delete a machine, or choose a smaller one."),
    "disk_gb": _("This needs %(asked)s GB of disk, and %(left)s GB of your %(limit)s GB are free. Delete a machine, or choose a smaller one."),
    "ports": _(
        "This needs %(asked)s public ports, and %(left)s of your %(limit)s are free. Close one you no longer need, or delete an archived"
        " machine for good: it keeps its ports."
    ),
    "archives": _(
        "You have %(used)s of your %(limit)s archives; the recycle bin counts. Restore one or delete one for good, then archive this"
        " machine; or delete this one for good."
    ),
    "archive_gb": _(
        "This archive needs up to %(asked)s GB, and %(left)s GB of your %(limit)s GB for archives are free; the recycle bin counts."
        " Restore an archive or delete one for good, then archive this machine; or delete this one for good."
    ),
}  # fmt: skip
# The same for somebody else who asks for a person's thing: an administrator.
_WHY_NOT_THEIRS = {
    "machines": _("%(owner)s has %(used)s of %(limit)s machines."),
    "vcpus": _("This needs %(asked)s processors, and %(left)s of the %(limit)s in the quota of %(owner)s are free."),
    "ram_mb": _("This needs %(asked)s MB of memory, and %(left)s MB of the %(limit)s MB in the quota of %(owner)s are free."),
    "disk_gb": _("This needs %(asked)s GB of disk, and %(left)s GB of the %(limit)s GB in the quota of %(owner)s are free."),
    "ports": _("This needs %(asked)s public ports, and %(left)s of the %(limit)s in the quota of %(owner)s are free."),
    "archives": _(
        "%(owner)s has %(used)s of %(limit)s archives; the recycle bin counts. One must be restored or deleted for good before this"
        " machine can be archived; or this one is deleted for good."
    ),
    "archive_gb": _(
        "This archive needs up to %(asked)s GB, and %(left)s GB of the %(limit)s GB for archives in the quota of %(owner)s are free; the"
        " recycle bin counts."
    ),
}  # fmt: skip
OVER = {
    "archives": _(
        "You have %(used)s archives, the recycle bin included, and your limit is %(limit)s. Restore one or delete one for good; until"
        " then you cannot launch or archive a machine."
    ),
    "archive_gb": _(
        "Your archives take %(used)s GB, the recycle bin included, and your limit is %(limit)s GB. Restore one or delete one for good;"
        " until then you cannot launch or archive a machine."
    ),
}
_LABELS: dict[str, tuple[Promise, str]] = {
    "machines": (gettext_lazy("Machines"), ""),
    "vcpus": (gettext_lazy("Processors"), ""),
    "ram_mb": (gettext_lazy("Memory"), "MB"),
    "disk_gb": (gettext_lazy("Disk"), "GB"),
    "ports": (gettext_lazy("Public ports"), ""),
    "archives": (gettext_lazy("Archives and recycle bin"), ""),
    "archive_gb": (gettext_lazy("Disk of archives"), "GB"),
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
        return [(m, _LABELS[m][0], getattr(self, m), _LABELS[m][1]) for m in MEASURES]

    def why_not(self, size: Size, owner: str = "") -> Note | None:
        """Return None when `size` more fits, else the sentence with the numbers. owner: whose quota it is, '' for the reader's own."""
        for measure, asked in zip(MEASURES, astuple(size), strict=True):
            gauge: Gauge = getattr(self, measure)
            if asked > gauge.left:
                facts = {"asked": asked, "used": gauge.used, "limit": gauge.limit, "left": gauge.left}
                return (
                    Note(_WHY_NOT_THEIRS[measure], {**facts, "owner": owner})
                    if owner
                    else Note(_WHY_NOT[measure], facts)
                )
        return None

    def why_not_new(self, size: Size) -> Note | None:
        """Return the same for something new, which is also refused while there are more archives than the limit allows."""
        return self._too_many_archives() or self.why_not(size)

    def _too_many_archives(self) -> Note | None:
        for measure, text in OVER.items():
            gauge: Gauge = getattr(self, measure)
            if gauge.is_over:
                return Note(text, {"used": gauge.used, "limit": gauge.limit})
        return None


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
    now, owner = usage(user), user.short_name if by.pk != user.pk else ""
    why_not = now.why_not_new(size) if is_new else now.why_not(size, owner)
    if why_not:
        raise OverQuota(why_not.text, why_not.args)
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
    """A grant of nothing, or one that has already ended."""

    status = 400
    code = "bad_grant"


def give(*, user: User, size: Size, by: User | None, reason: str = "", ends_at: datetime | None = None) -> Grant:
    """Grant one person `size` more, from now until `ends_at` (None: without an end). Raises BadGrant."""
    if not any(astuple(size)):
        raise BadGrant(_("Say how much: a grant of nothing changes nothing."))
    if ends_at is not None and ends_at <= timezone.now():
        raise BadGrant(_("This end is in the past. Give a later day."))
    amounts = {m: getattr(size, m) for m in MEASURES}
    return Grant.objects.create(user=user, given_by=by, reason=reason[:200], ends_at=ends_at, **amounts)
