"""Say why nothing is known of the cloud just now, by the row about its lists: for /readyz and for the dashboard."""

from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings

from machines.models import CloudWatch
from machines.reconcile.lists_pace import PACE

LISTS_MISSED = 4  # so many quiet pauses without a list are no chance any more
UNATTENDED = timedelta(minutes=2)  # a turn that nobody took for so long: a worker takes it within seconds


class Silence(StrEnum):
    """A fault of the lists of servers."""

    NONE = ""
    NEVER = "never"  # nothing was ever listed
    FAILED = "failed"  # the cloud did not answer the last list
    NOBODY = "nobody"  # no list was tried for too long


def silence_of(watch: CloudWatch | None, now: datetime) -> Silence:
    """Judge the cloud by the last list that worked; nothing is asked of the cloud itself."""
    if watch is None or watch.listed_at is None:
        return Silence.NEVER
    if watch.steady_since is None:
        return Silence.FAILED
    longest = LISTS_MISSED * max(settings.SWEEP_QUIET_SECONDS, PACE * watch.took_seconds)
    return Silence.NOBODY if (now - watch.listed_at).total_seconds() > longest else Silence.NONE


def unattended_since(watch: CloudWatch | None, now: datetime) -> datetime | None:
    """Return since when a list has been due that no worker took up: the worker or beat is away. None: one was at it lately.

    While the cloud is silent the worker goes on trying, so this tells the two apart.
    """
    if watch is None or watch.held_at or (watch.claimed_until and watch.claimed_until > now):
        return None
    return watch.next_at if now - watch.next_at > UNATTENDED else None
