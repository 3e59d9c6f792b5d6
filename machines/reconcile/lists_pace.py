"""The pace of lists of servers: those that changed, and now and then all."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet

from lib.compiled_queries import compiled
from machines.launches_under_way import are_launches_under_way
from machines.models import CloudWatch, Machine

# A list of many servers costs the cloud a lot (ADR 56). Wait ten times as long as the last list took, so that lists take a tenth of the
# cloud's time. People wait for news, so not longer than eight seconds; but always three times as long as it took.
PACE, LEAST_PACE, ENOUGH = 10, 3, 8.0
# The last of a class, and whoever launches alone, wait for nothing but the next list. Then it tells of few servers, so it is cheap.
FEW, SOON = 10, 2.0  # no more machines that wait, and the longest pause in seconds while they do
HEARD_LATE = timedelta(seconds=1)  # a list that began this soon after a request may have missed it
# Without news of a server that was asked for something; then all are listed. Not of one that is new, and was never heard of: Nova lists
# no change of those that still wait for a host, which takes long while a class launches.
PATIENCE = timedelta(seconds=5)
LAUNCHES_FIRST = 3  # so much rarer is a list of all, which only finds what was lost, while launches are under way


@compiled
def _unsettled() -> QuerySet[Machine, Any]:
    """Select the unsettled machines, or FEW and one more of them."""
    return Machine.objects.unsettled().order_by().values_list("pk")[: FEW + 1]


def is_whole_due(watch: CloudWatch, now: datetime) -> bool:
    """Return whether to list all servers: it is time, or a list of changes lacked a server that was asked for something."""
    long = timedelta(seconds=settings.SWEEP_WHOLE_SECONDS)
    if are_launches_under_way(now):
        long *= LAUNCHES_FIRST
    if not watch.cursor or not watch.whole_at or not watch.listed_at or now - watch.whole_at >= long:
        return True
    # No list says anything of a machine without server_id: its next step searches for the server.
    waiting = Machine.objects.unsettled().exclude(server_id="")
    silent = waiting.filter(observed_at__lte=F("asked_at"), asked_at__lt=now - PATIENCE)
    return silent.filter(asked_at__lt=watch.listed_at - HEARD_LATE).exists()


def is_wanted(watch: CloudWatch, now: datetime) -> bool:
    """Return whether anything is unsettled, and the last list longer ago than the pause for that."""
    if watch.listed_at is None:
        return bool(_unsettled())
    since = now - watch.listed_at
    if since < _busy_pause(watch.took_seconds, waiting=1):  # the shortest; this costs no query
        return False
    return bool(waiting := len(_unsettled())) and since >= _busy_pause(watch.took_seconds, waiting)


def _busy_pause(took: float, waiting: int) -> timedelta:
    enough = SOON if waiting <= FEW else ENOUGH
    return timedelta(seconds=max(settings.SWEEP_BUSY_SECONDS, LEAST_PACE * took, min(PACE * took, enough)))


def pause(took: float) -> timedelta:
    waiting = len(_unsettled())
    quiet = timedelta(seconds=max(settings.SWEEP_QUIET_SECONDS, LEAST_PACE * took))
    return _busy_pause(took, waiting) if waiting else quiet
