"""The states of a machine, the wishes for it, and the legal moves between states."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Wanted(models.TextChoices):
    """The state that people want, written by actions. The worker moves the machine towards it."""

    RUNNING = "running", _("Running")
    SUSPENDED = "suspended", _("Sleeping")
    SHELVED = "shelved", _("Put away")
    ARCHIVED = "archived", _("Archived")
    GONE = "gone", _("Deleted")


class State(models.TextChoices):
    """The state of a machine, written by the worker. MOVES has the legal moves."""

    NEW = "new", _("Asked for")
    QUEUED = "queued", _("Waiting for room")
    BUILDING = "building", _("Being built")
    RUNNING = "running", _("Running")
    SUSPENDING = "suspending", _("Going to sleep")
    SUSPENDED = "suspended", _("Sleeping")
    WAKING = "waking", _("Waking up")
    SHELVING = "shelving", _("Being put away")
    SHELVED = "shelved", _("Put away")
    ARCHIVING = "archiving", _("Being archived")
    ARCHIVED = "archived", _("Archived")
    DELETING = "deleting", _("Being deleted")
    GONE = "gone", _("Deleted")
    FAILED = "failed", _("Needs attention")


class Repair(models.TextChoices):
    """The last attempt to bring a broken machine back. Each is tried only where the one before did not help."""

    NONE = ""
    ASKED = "asked"  # the next attempt is about to be asked for, under a number of its own
    REBOOT = "reboot"  # the power cut, and switched on
    CYCLE = "cycle"  # switched off, then started
    USED_UP = "used_up"  # all of it failed: only a reset to the template is left
    LOST = "lost"  # its archive is no longer on the cloud: there is nothing to bring back


class Setup(models.TextChoices):
    """Progress of the first boot's setup (cloud-init), by the console."""

    NONE = ""  # no trace of a setup was seen
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    OVERDUE = "overdue"  # still running when we stopped looking


class Refused(models.TextChoices):
    """The cloud's last refusal, until somebody whom it concerns has seen it."""

    NONE = ""
    SUSPEND = "suspend"
    ARCHIVE = "archive"
    RESET = "reset"
    RESCUE = "rescue"
    MOVE = "move"


S = State
_ALWAYS = {S.DELETING, S.GONE, S.FAILED}
# Derived by a test from the stepper's grid and from what reconcile follows: an arrow that nothing produces fails it.
MOVES: dict[str, set[State]] = {
    S.NEW: {S.QUEUED, S.BUILDING} | _ALWAYS,
    S.QUEUED: {S.BUILDING, S.WAKING, S.ARCHIVING, S.ARCHIVED} | _ALWAYS,
    S.BUILDING: {S.RUNNING, S.QUEUED, S.WAKING} | _ALWAYS,
    S.RUNNING: {S.SUSPENDING, S.SHELVING, S.WAKING, S.BUILDING, S.SUSPENDED, S.SHELVED, S.ARCHIVING} | _ALWAYS,
    S.SUSPENDING: {S.SUSPENDED, S.WAKING, S.SHELVED} | _ALWAYS,
    S.SUSPENDED: {S.WAKING, S.SHELVING, S.SHELVED, S.QUEUED, S.ARCHIVING} | _ALWAYS,
    S.WAKING: {S.RUNNING, S.QUEUED} | _ALWAYS,
    S.SHELVING: {S.SHELVED, S.WAKING} | _ALWAYS,
    S.SHELVED: {S.WAKING, S.QUEUED, S.ARCHIVING} | _ALWAYS,
    S.ARCHIVING: {S.ARCHIVED, S.WAKING, S.SUSPENDED, S.SHELVED} | _ALWAYS,
    S.ARCHIVED: {S.QUEUED, S.BUILDING} | _ALWAYS,
    S.DELETING: {S.GONE, S.FAILED},
    S.FAILED: {
        S.NEW,
        S.QUEUED,
        S.BUILDING,
        S.WAKING,
        S.SUSPENDED,
        S.SHELVED,
        S.ARCHIVING,
        S.ARCHIVED,
        S.DELETING,
        S.GONE,
    },
    S.GONE: set(),
}

# The next state towards a wish that differs: shown until a worker has taken the wish up.
TOWARDS: dict[tuple[State, Wanted], State] = {
    (S.RUNNING, Wanted.SUSPENDED): S.SUSPENDING,
    (S.RUNNING, Wanted.SHELVED): S.SHELVING,
    (S.SUSPENDED, Wanted.RUNNING): S.WAKING,
    (S.SUSPENDED, Wanted.SHELVED): S.SHELVING,
    (S.SHELVED, Wanted.RUNNING): S.WAKING,
    (S.ARCHIVED, Wanted.RUNNING): S.QUEUED,
    **{(s, Wanted.ARCHIVED): S.ARCHIVING for s in (S.RUNNING, S.SUSPENDED, S.SHELVED)},
    **{(S.FAILED, wish): S.WAKING for wish in Wanted if wish != Wanted.GONE},
    **{(s, Wanted.GONE): S.DELETING for s in S if s != S.GONE},
}

# The states in which a wish has come true. A machine put away is asleep, too.
COME_TRUE: dict[str, set[State]] = {
    Wanted.RUNNING: {S.RUNNING},
    Wanted.SUSPENDED: {S.SUSPENDED, S.SHELVED},
    Wanted.SHELVED: {S.SHELVED},
    Wanted.ARCHIVED: {S.ARCHIVED},
    Wanted.GONE: {S.GONE},
}
