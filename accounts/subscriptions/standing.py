"""Say where a subscription stands at a moment. Nothing of it is stored: it follows from the row and the time."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

DAY = timedelta(days=1)
ENDING = timedelta(days=30)  # before the end


class Standing(models.TextChoices):
    """The state of a subscription."""

    PROMISED = "promised", pgettext_lazy("subscription", "Promised")
    ACTIVE = "active", pgettext_lazy("subscription", "Active")
    ENDING = "ending", pgettext_lazy("subscription", "Ends soon")
    GRACE = "grace", pgettext_lazy("subscription", "Over, nothing is deleted yet")
    ENDED = "ended", pgettext_lazy("subscription", "Ended")


def grace() -> timedelta:
    """Return how long nothing is deleted after the end."""
    return timedelta(days=settings.SUBSCRIPTION_GRACE_DAYS)


def standing_of(starts_at: datetime | None, ends_at: datetime | None, now: datetime) -> Standing:
    """Return the state of a subscription that was not taken back."""
    if starts_at is None or ends_at is None:
        return Standing.PROMISED
    if now < ends_at - ENDING:
        return Standing.ACTIVE
    if now < ends_at:
        return Standing.ENDING
    return Standing.GRACE if now < ends_at + grace() else Standing.ENDED


def begun_days_left(ends_at: datetime | None, now: datetime) -> int:
    """Return how many days are left until the end as people count them: one that has begun is one. Only to be read; days given away are whole."""
    return max(0, -((now - ends_at) // DAY)) if ends_at else 0


def whole_days_left(ends_at: datetime | None, now: datetime) -> int:
    """Return how many whole days are left until the end."""
    return max(0, (ends_at - now) // DAY) if ends_at else 0
