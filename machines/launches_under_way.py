"""Find out whether launches are under way, for work that asks the cloud and can wait until they are over."""

from datetime import datetime, timedelta

from django.core.cache import cache

from machines.models import Machine
from machines.states import State

# In one state: a machine that waits longer for room, or for its guest, makes nothing else wait.
LASTS = timedelta(minutes=10)
# The longest that a turn of work waits, however long launches go on.
LONGEST_WAIT = timedelta(minutes=5)
_STATES = (State.NEW, State.QUEUED, State.BUILDING)


def are_launches_under_way(now: datetime) -> bool:
    """Return whether any machine is on its way to its first boot. Costs one small query."""
    return Machine.objects.not_held().filter(state__in=_STATES, state_since__gt=now - LASTS).exists()


def must_wait(work: str, now: datetime) -> bool:
    """Say whether to skip this turn of `work` because launches are under way. After LONGEST_WAIT one turn is let through."""
    key = f"waits:{work}"
    if not are_launches_under_way(now):
        cache.delete(key)
        return False
    since: datetime | None = cache.get(key)
    if since is not None and now - since < LONGEST_WAIT:
        return True
    cache.set(key, now, timeout=None)
    return since is None
