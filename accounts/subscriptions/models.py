"""Subscriptions, the entries of their ledger, and the codes by which days are given away. Written by accounts.subscriptions.ledger and nodes.subscriptions."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy

from accounts.subscriptions.standing import ENDING, Standing, begun_days_left, grace, standing_of, whole_days_left

if TYPE_CHECKING:
    from accounts.models import User


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def of(self, user: "User") -> "SubscriptionQuerySet":
        """Select what a person has: by a donation that is tied to their account, or by a code. Without promises that were taken back."""
        return self.filter(Q(user=user) | Q(donor__user=user), withdrawn_at=None)

    def standing(self, standing: str, now: datetime) -> "SubscriptionQuerySet":
        """Select those in a state, as standing_of says."""
        conditions = {
            Standing.PROMISED: Q(starts_at=None, withdrawn_at=None),
            Standing.ACTIVE: Q(ends_at__gt=now + ENDING),
            Standing.ENDING: Q(ends_at__gt=now, ends_at__lte=now + ENDING),
            Standing.GRACE: Q(ends_at__lte=now, ends_at__gt=now - grace()),
            Standing.ENDED: Q(ends_at__lte=now - grace()) | Q(withdrawn_at__isnull=False),
        }
        return self.filter(conditions[Standing(standing)])


class Subscription(models.Model):
    """A right of a donor (their own), or of a person who used a code, to the cluster for some days. What it allows is a row of nodes."""

    donor = models.ForeignKey(
        "accounts.Donor", null=True, blank=True, on_delete=models.PROTECT, related_name="subscriptions"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="subscriptions"
    )
    title = models.JSONField()  # of the plan, as it was called at the promise: {"en": …, "es": …}
    promised_at = models.DateTimeField(default=timezone.now)
    starts_at = models.DateTimeField(null=True, blank=True)  # None: promised
    # Both follow from the entries; accounts.subscriptions.ledger keeps them.
    days = models.IntegerField(default=0)
    ends_at = models.DateTimeField(null=True, blank=True)
    moved_at = models.DateTimeField(null=True, blank=True)  # when the end last moved
    withdrawn_at = models.DateTimeField(null=True, blank=True)  # the promise was taken back before it started
    # The reminder that was sent last, and the end about which it was.
    reminded = models.CharField(max_length=8, blank=True, default="")
    reminded_end = models.DateTimeField(null=True, blank=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(donor=None, user__isnull=False) | Q(donor__isnull=False, user=None),
                name="subscription_of_a_donor_or_a_person",
            ),
            models.CheckConstraint(
                condition=Q(starts_at=None, ends_at=None) | Q(starts_at__isnull=False, ends_at__isnull=False),
                name="subscription_ends_if_it_started",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(starts_at=None), name="subscription_withdrawn_before_its_start"
            ),
            models.CheckConstraint(condition=Q(days__gte=0), name="subscription_days_not_negative"),
        ]
        indexes = [models.Index(fields=["ends_at"], name="subscription_by_end")]

    def __str__(self) -> str:
        return f"subscription {self.pk}"

    @property
    def holder(self) -> "User | None":
        """Return the account that uses it; None: its donor has none yet."""
        return self.user if self.user_id else self.donor.user if self.donor else None

    @property
    def shown_title(self) -> str:
        """Return its title in the reader's language."""
        language = (get_language() or "en").partition("-")[0]
        return str(self.title.get(language) or self.title["en"])

    def standing(self, now: datetime) -> Standing:
        """Return its state."""
        return Standing.ENDED if self.withdrawn_at else standing_of(self.starts_at, self.ends_at, now)

    def days_left(self, now: datetime) -> int:
        """Return its whole days left; all of them before it has started, also by a clock that went back since."""
        if self.withdrawn_at:
            return 0
        return min(self.days, whole_days_left(self.ends_at, now)) if self.starts_at else self.days

    def days_shown(self, now: datetime) -> int:
        """Return its days left as pages tell them, the one that runs among them: on its first day all of them."""
        if self.withdrawn_at:
            return 0
        return min(self.days, begun_days_left(self.ends_at, now)) if self.starts_at else self.days

    @property
    def is_of_nobody(self) -> bool:
        """Say whether whoever had it is gone: its donor was erased, or its person removed."""
        if self.donor and self.donor.erased_at:
            return True
        return self.holder is not None and self.holder.removed_at is not None

    @property
    def grace_ends_at(self) -> datetime | None:
        """Return until when nothing is deleted."""
        return self.ends_at + grace() if self.ends_at else None


class SubscriptionEntry(models.Model):
    """An event that gave days or took them. `key` names the event: the same one counts once."""

    class Kind(models.TextChoices):
        GRANTED = "granted", pgettext_lazy("days", "Granted")
        RENEWED = "renewed", pgettext_lazy("days", "Renewed")
        BONUS = "bonus", pgettext_lazy("days", "Bonus")
        GIVEN = "given", pgettext_lazy("days", "Given away")
        WITHDRAWN = "withdrawn", pgettext_lazy("days", "Came back")
        CORRECTED = "corrected", pgettext_lazy("days", "Corrected")
        LAPSED = "lapsed", pgettext_lazy("days", "Passed after the end, not counted")  # so that new days count from now

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    days = models.IntegerField()
    key = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    note = models.CharField(max_length=200, blank=True, default="")  # of staff
    month = models.DateField(null=True, blank=True)  # of a bonus: in which its hours were full

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["subscription", "key"], name="subscription_entry_once_per_event"),
            models.CheckConstraint(
                condition=Q(kind__in=["granted", "renewed", "bonus", "withdrawn", "lapsed"], days__gt=0)
                | Q(kind="given", days__lt=0)
                | (Q(kind="corrected") & ~Q(days=0)),
                name="subscription_entry_with_its_sign",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.days:+}"


class TransferCode(models.Model):
    """A code by which days of a subscription change hands, once. Of its text a hash is kept."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="codes")
    digest = models.CharField(max_length=64, unique=True)
    days = models.PositiveIntegerField()
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    claimed_as = models.OneToOneField(
        Subscription, null=True, blank=True, on_delete=models.SET_NULL, related_name="came_by"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)  # also once it has expired: the days came back

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(days__gt=0), name="transfer_code_of_a_day_or_more"),
            models.CheckConstraint(
                condition=Q(claimed_at=None) | Q(withdrawn_at=None), name="transfer_code_claimed_or_withdrawn"
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], condition=Q(claimed_at=None, withdrawn_at=None), name="transfer_code_open"
            )
        ]

    def __str__(self) -> str:
        return f"transfer code {self.pk}"

    def is_open(self, now: datetime) -> bool:
        """Say whether it can still be used."""
        return self.claimed_at is None and self.withdrawn_at is None and now < self.expires_at
