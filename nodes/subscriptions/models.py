"""Plans, and what a subscription entitles to."""

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language

from accounts.models import Subscription
from lib.measures import MEASURES, Size
from quotas.models import Grant, Measures

BONUS_HOURS = 1000
MOST_BONUS_DAYS = (
    40  # 1,000 hours are 41 days and 16 hours: with more, a subscription would never end while its computer serves
)


class Plan(Measures):
    """A plan: a computer of a certain worth brings amounts, for a number of days. The first that fits counts (nodes.subscriptions.plans).

    A change touches no promise that was made.
    """

    title_en = models.CharField(max_length=60)
    title_es = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, blank=True, default="")  # of nodes.models.Computer.Kind; '': any
    min_ram_mb = models.PositiveIntegerField(default=0)  # MiB
    min_bits = models.PositiveSmallIntegerField(default=0)
    days = models.PositiveIntegerField()
    # More for each BONUS_HOURS that its computer is in service (nodes.subscriptions.bonuses); 0: none.
    bonus_days = models.PositiveSmallIntegerField(default=0, db_default=0)
    priority = models.PositiveSmallIntegerField(default=0)  # the highest is looked at first
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["-priority", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(days__gt=0), name="plan_of_a_day_or_more"),
            models.CheckConstraint(
                condition=Q(bonus_days__lte=MOST_BONUS_DAYS), name="plan_bonus_shorter_than_its_hours"
            ),
            models.CheckConstraint(condition=~Q(title_en="") & ~Q(title_es=""), name="plan_named_in_both_languages"),
            models.CheckConstraint(condition=~Q(**dict.fromkeys(MEASURES, 0)), name="plan_gives_something"),
        ]

    def __str__(self) -> str:
        return self.title_en

    @property
    def title(self) -> dict[str, str]:
        """Return its title in both languages."""
        return {"en": self.title_en, "es": self.title_es}

    @property
    def shown_title(self) -> str:
        """Return its title in the reader's language."""
        return self.title_es if (get_language() or "").startswith("es") else self.title_en

    @property
    def months(self) -> int:
        """Return its days as whole months, at least one."""
        return max(1, round(self.days * 12 / 365))

    @property
    def size(self) -> Size:
        """Return the amounts."""
        return Size(*(getattr(self, measure) for measure in MEASURES))


class Entitlement(Measures):
    """The amounts of a subscription, frozen at the promise, and the computer that earned it (None: it came by a code)."""

    subscription = models.OneToOneField(Subscription, on_delete=models.CASCADE, related_name="entitlement")
    computer = models.OneToOneField(
        "nodes.Computer", null=True, blank=True, on_delete=models.PROTECT, related_name="entitlement"
    )
    bonus_days = models.PositiveSmallIntegerField(default=0, db_default=0)  # of its plan
    # When its computer had come, or was accepted, for good (SUBSCRIPTION_STARTS): from then on nothing takes it back.
    earned_at = models.DateTimeField(null=True, blank=True)
    grant = models.OneToOneField(
        Grant, null=True, blank=True, on_delete=models.SET_NULL, related_name="entitlement"
    )  # None: not started

    class Meta:
        indexes = [models.Index(fields=["earned_at"], condition=Q(grant=None), name="entitlement_not_started")]

    def __str__(self) -> str:
        return f"entitlement of {self.subscription_id}"

    @property
    def size(self) -> Size:
        """Return the amounts."""
        return Size(*(getattr(self, measure) for measure in MEASURES))
