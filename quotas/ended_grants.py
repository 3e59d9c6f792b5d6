"""Grants of subscriptions that have ended: the likely reason of a quota that is too small, in words."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Max, Q
from django.utils.translation import gettext_noop as _

from accounts.models import User
from lib.notes import Note, day
from quotas.models import Grant

_YOURS = _("Your subscription ended on %(day)s: what it gave is no longer part of your quota.")
_THEIRS = _("Their subscription ended on %(day)s: what it gave is no longer part of their quota.")
_BOTH = _("%(lacks)s %(ended)s")


def why(user: User, measures: Iterable[str], now: datetime, *, is_own: bool = True) -> Note | None:
    """Say that a subscription ended that gave some of these measures; None where none did. One query."""
    gave = Q()
    for measure in measures:
        gave |= Q(**{f"{measure}__gt": 0})
    rows = Grant.objects.filter(gave, user=user, source=Grant.Source.SUBSCRIPTION, ends_at__lte=now)
    last = rows.aggregate(last=Max("ends_at"))["last"]
    return Note(_YOURS if is_own else _THEIRS, {"day": day(last)}) if last else None


def with_why(lacks: Note, why: Note | None) -> Note:
    """Return what lacks, and why."""
    return Note(_BOTH, {"lacks": lacks.as_json(), "ended": why.as_json()}) if why else lacks
