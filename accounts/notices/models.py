"""Messages to people, and who has unsubscribed from which kinds."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models import Donor, User


class NoticeQuerySet(models.QuerySet["Notice"]):
    def due(self, channel: str, now: datetime) -> "NoticeQuerySet":
        """Select rows that may be delivered now. The page channel has no such time: it is delivered when its reader looks."""
        in_time = Q(ends_at=None) | Q(ends_at__gt=now)
        return self.filter(in_time, channel=channel, state=Notice.State.DUE, next_at__lte=now)


class Notice(models.Model):
    """A message by a channel to a person, or to a donor who has no account. It is worded at delivery, by its kind (accounts.notices.kinds)."""

    class Channel(models.TextChoices):
        PAGE = "page", _("On the portal's pages")
        MAIL = "mail", _("By mail")
        TERMINAL = "terminal", _("In open terminals")

    class State(models.TextChoices):
        DUE = "due", _("On its way")
        SENDING = "sending", _("Being sent")  # claimed by a worker; never sent again by itself if that worker dies
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Not delivered")  # given up
        NONE = "none", _("Not delivered: nowhere to send it")  # no mail address, no open terminal, unsubscribed
        CANCELLED = "cancelled", _("Cancelled")  # no longer worth sending

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="notices"
    )
    donor = models.ForeignKey("accounts.Donor", null=True, blank=True, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=40)  # "idle.sleep"
    about = models.CharField(max_length=64, db_index=True)  # the thing, in the sender's words: "ask:12"
    holder = models.UUIDField(null=True, blank=True)  # the machine, where there is one; opaque here, as in RowFailure
    arguments = models.JSONField(default=dict, blank=True)  # for the kind
    channel = models.CharField(max_length=8, choices=Channel.choices)
    state = models.CharField(max_length=9, choices=State.choices, default=State.DUE)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)  # of the next try, while it is due
    claimed_at = models.DateTimeField(null=True, blank=True)  # since when a worker has been sending it
    created_at = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)  # not sent after it
    fault = models.CharField(max_length=200, blank=True, default="")  # for the log and for administrators

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "about", "channel", "recipient"], name="notice_once_per_channel"),
            models.UniqueConstraint(fields=["kind", "about", "channel", "donor"], name="notice_once_per_donor"),
            models.CheckConstraint(
                condition=Q(recipient=None, donor__isnull=False) | Q(recipient__isnull=False, donor=None),
                name="notice_to_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["due", "sending", "delivered", "failed", "none", "cancelled"]),
                name="notice_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state="delivered", delivered_at__isnull=False)
                | (~Q(state="delivered") & Q(delivered_at=None)),
                name="notice_delivered_at_a_time",
            ),
        ]
        indexes = [
            models.Index("channel", "next_at", condition=Q(state="due"), name="notice_due"),
            models.Index("claimed_at", condition=Q(state="sending"), name="notice_sending"),
            models.Index("state", F("id").desc(), name="notice_by_state"),
            models.Index("created_at", name="notice_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about} by {self.channel}"

    @property
    def reader(self) -> "User | Donor":
        """Return who reads it."""
        return self.recipient or self.donor  # type: ignore[return-value]  # notice_to_somebody

    @property
    def reader_name(self) -> str:
        """Return the name by which administrators know who reads it."""
        return self.recipient.username if self.recipient else self.donor.shown_name if self.donor else ""

    @property
    def to_person(self) -> "User":
        """Return the person of a kind that goes to accounts only."""
        if self.recipient is None:
            raise LookupError(f"{self} goes to a donor, not to an account.")
        return self.recipient


class Unsubscribed(models.Model):
    """A kind of mail that a person, or a donor without an account, no longer wants. A donor with an account has the row of the account."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="unsubscribed"
    )
    donor = models.ForeignKey(
        "accounts.Donor", null=True, blank=True, on_delete=models.CASCADE, related_name="unsubscribed"
    )
    kind = models.CharField(max_length=40)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="unsubscribed_once_per_kind"),
            models.UniqueConstraint(fields=["donor", "kind"], name="unsubscribed_once_per_donor"),
            models.CheckConstraint(
                condition=Q(user=None, donor__isnull=False) | Q(user__isnull=False, donor=None),
                name="unsubscribed_by_somebody",
            ),
        ]
