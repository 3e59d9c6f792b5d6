"""Whether launches are under way just now, for whatever asks the cloud and can wait until they are over."""

from datetime import datetime, timedelta

from machines.models import Machine
from machines.states import State

# In one state: a machine that waits longer for room, or for its guest, makes nothing else wait.
LASTS = timedelta(minutes=10)
_STATES = (State.NEW, State.QUEUED, State.BUILDING)


def are_launches_under_way(now: datetime) -> bool:
    """Return whether any machine is on its way to its first boot. Costs one small query."""
    return Machine.objects.not_held().filter(state__in=_STATES, state_since__gt=now - LASTS).exists()
