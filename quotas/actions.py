"""Admission: may this person have that much more, now? Decided under a lock on their Allowance row."""

from dataclasses import astuple, dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from accounts.models import User
from lib.notes import Note, Refusal
from quotas.models import MEASURES, Allowance, Grant, Reservation


class OverQuota(Refusal):
    """The person's own limit; waiting does not help, freeing something does."""

    code = "quota_exceeded"


@dataclass(frozen=True, slots=True)
class Size:
    """An amount of each measure. RAM in MiB, disk in GiB."""

    machines: int = 0
    vcpus: int = 0
    ram_mb: int = 0
    disk_gb: int = 0
    ports: int = 0


@dataclass(frozen=True, slots=True)
class Gauge:
    """How much of one measure is taken, of how much."""

    used: int
    limit: int

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def percent(self) -> int:
        return min(100, 100 * self.used // self.limit) if self.limit else 100 * bool(self.used)


_WHY_NOT = {
    "machines": _("You have %(used)s of your %(limit)s machines. Delete one you no longer need, then launch this one."),
    "vcpus": _("This needs %(asked)s processors, and %(left)s of your %(limit)s are free. Delete a machine, or choose a smaller one."),
    "ram_mb": _("This needs %(asked)s MB of memory, and %(left)s MB of your %(limit)s MB are free. Delete a machine, or choose a smaller one."),
    "disk_gb": _("This needs %(asked)s GB of disk, and %(left)s GB of your %(limit)s GB are free. Delete a machine, or choose a smaller one."),
    "ports": _("This needs %(asked)s public ports, and %(left)s of your %(limit)s are free. Close one you no longer need."),
}  # fmt: skip
_LABELS: dict[str, tuple[Promise, str]] = {
    "machines": (gettext_lazy("Machines"), ""),
    "vcpus": (gettext_lazy("Processors"), ""),
    "ram_mb": (gettext_lazy("Memory"), "MB"),
    "disk_gb": (gettext_lazy("Disk"), "GB"),
    "ports": (gettext_lazy("Public ports"), ""),
}


@dataclass(frozen=True, slots=True)
class Usage:
    """What a person has and may have, at one moment."""

    machines: Gauge
    vcpus: Gauge
    ram_mb: Gauge
    disk_gb: Gauge
    ports: Gauge

    def gauges(self) -> list[tuple[str, Promise, Gauge, str]]:
        """(measure, label, gauge, unit) for each measure, in the order in which people ask."""
        return [(m, _LABELS[m][0], getattr(self, m), _LABELS[m][1]) for m in MEASURES]

    def why_not(self, size: Size) -> Note | None:
        """None when `size` more fits, else the sentence with the numbers."""
        for measure, asked in zip(MEASURES, astuple(size), strict=True):
            gauge: Gauge = getattr(self, measure)
            if asked > gauge.left:
                return Note(
                    _WHY_NOT[measure], {"asked": asked, "used": gauge.used, "limit": gauge.limit, "left": gauge.left}
                )
        return None


def usage(user: User) -> Usage:
    """What is taken and what the live grants give: two queries."""
    sums = {m: Sum(m, default=0) for m in MEASURES}
    limits = Grant.objects.of(user).live(timezone.now()).aggregate(**sums)
    used = Reservation.objects.filter(user=user, closed_at__isnull=True).aggregate(**sums)
    return Usage(**{m: Gauge(used[m], limits[m]) for m in MEASURES})


def lock(user: User) -> None:
    """Let nothing else be admitted for this person until the transaction that is open here ends."""
    Allowance.objects.get_or_create(user=user)
    Allowance.objects.select_for_update().get(user=user)


@transaction.atomic
def admit(*, user: User, size: Size, holder: UUID, by: User) -> Reservation:
    """Take `size` for `holder`, or raise OverQuota with the numbers. Others' admissions for this person wait."""
    lock(user)
    why_not = usage(user).why_not(size)
    if why_not:
        raise OverQuota(why_not.text, why_not.args)
    return Reservation.objects.create(user=user, holder=holder, **{m: getattr(size, m) for m in MEASURES})


def free(*, holders: list[UUID]) -> None:
    """Give back what these took; said twice, done once."""
    Reservation.objects.filter(holder__in=holders, closed_at__isnull=True).update(closed_at=timezone.now())


class BadGrant(Refusal):
    status = 400
    code = "bad_grant"


def give(*, user: User, size: Size, by: User | None, reason: str = "", ends_at: datetime | None = None) -> Grant:
    """So much more for one person, from now until `ends_at` (None = for good). Raises BadGrant."""
    if not any(astuple(size)):
        raise BadGrant(_("Say how much: a grant of nothing changes nothing."))
    if ends_at is not None and ends_at <= timezone.now():
        raise BadGrant(_("This end is in the past. Give a later day."))
    amounts = {m: getattr(size, m) for m in MEASURES}
    return Grant.objects.create(user=user, given_by=by, reason=reason[:200], ends_at=ends_at, **amounts)
