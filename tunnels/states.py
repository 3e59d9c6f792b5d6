"""States of a tunnel, wanted and observed, and the legal moves between the observed ones."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Wanted(models.TextChoices):
    """The state that the upper floors want of a port."""

    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")
    # The gateway listens, and the agent lets nobody in: who may knock waits, others are refused.
    HELD = "held", _("Held")
    GONE = "gone", _("Given back")


class State(models.TextChoices):
    """The state of a port, as the agent reported it. MOVES has the legal moves."""

    CLOSED = "closed", _("Closed")  # the agent is known not to have it
    OPENING = "opening", _("Opening")
    OPEN = "open", _("Open")
    HELD = "held", _("Held")
    FAILED = "failed", _("Does not open")  # the agent keeps trying
    GONE = "gone", _("Given back")  # the port may be drawn by somebody else


S = State
MOVES: dict[str, set[State]] = {
    S.CLOSED: {S.OPENING, S.HELD, S.GONE},
    S.OPENING: {S.OPEN, S.HELD, S.FAILED, S.CLOSED, S.GONE},
    S.OPEN: {S.OPENING, S.HELD, S.FAILED, S.CLOSED, S.GONE},
    S.HELD: {S.OPENING, S.CLOSED, S.GONE},
    S.FAILED: {S.OPENING, S.OPEN, S.HELD, S.CLOSED, S.GONE},
    S.GONE: set(),
}
