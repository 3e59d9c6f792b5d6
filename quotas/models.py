"""Grants give, reservations take. Rows are inserted and closed, never counted up and down."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from lib.compiled_queries import Among, Given, compiled
from lib.measures import MEASURES as MEASURES
from lib.measures import Size


class Measures(models.Model):
    """A column for each field of lib.measures.Size. RAM in MiB, disks and archives in GiB."""

    machines = models.PositiveIntegerField(default=0)
    vcpus = models.PositiveIntegerField(default=0)
    ram_mb = models.PositiveIntegerField(default=0)
    disk_gb = models.PositiveIntegerField(default=0)
    ports = models.PositiveIntegerField(default=0)
    archives = models.PositiveIntegerField(default=0, db_default=0)  # the recycle bin counts as well
    archive_gb = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        abstract = True


class Allowance(models.Model):
    """The row of a person that is locked while something is admitted for them."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="allowance")
    tenant = models.CharField(max_length=200, blank=True, default="")  # the cloud's own note of their project
    told = models.JSONField(null=True, blank=True, default=dict)  # see quotas.backstop
    looked_at = models.DateTimeField(null=True, blank=True)  # when the cloud's quota was last compared with ours


class GrantQuerySet(models.QuerySet["Grant"]):
    def live(self, now: datetime | Given) -> "GrantQuerySet":
        """Select the grants that have begun and not ended."""
        return self.filter(starts_at__lte=now).filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now))

    def of(self, user: User) -> "GrantQuerySet":
        """Select the grants to this person and those to each of their roles. Being a superuser is no role here: it never raised a limit."""
        return self.filter(Q(user=user) | Q(role__in=user.roles))


def granted(user: User, now: datetime) -> list[tuple[int, ...]]:
    """Return the measures of each live grant of a person, in the order of MEASURES."""
    return _granted(user=user.pk, roles=user.roles, now=now)


@compiled
def _granted(user: Given, roles: Given, now: Given) -> "models.QuerySet[Grant, Any]":
    return Grant.objects.filter(Q(user=user) | Q(Among(F("role"), roles))).live(now).values_list(*MEASURES)


class Grant(Measures):
    """An amount of each measure for one person or for everybody of a role, from `starts_at` to `ends_at`. Live grants add up."""

    class Source(models.TextChoices):
        ROLE = "role", _("What everybody of the role has")
        HAND = "hand", _("Given by an administrator")
        COURSE = "course", _("What everybody of a course has")
        DONATION = "donation", _("Given for a donated computer")
        SUBSCRIPTION = "subscription", _("Part of a subscription")

    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=10, choices=User.Role.choices, blank=True, default="")
    source = models.CharField(max_length=12, choices=Source.choices, default=Source.HAND)
    reason = models.CharField(max_length=200, blank=True, default="")
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)
    given_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, role="") | (Q(user__isnull=True) & ~Q(role="")),
                name="grant_to_a_person_or_a_role",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")), name="grant_ends_after_it_starts"
            ),
            models.UniqueConstraint(fields=["role"], condition=Q(source="role"), name="grant_one_default_per_role"),
            models.CheckConstraint(
                condition=Q(source__in=["role", "hand", "course", "donation", "subscription"]),
                name="grant_source_known",
            ),
        ]


class QuotaRequest(Measures):
    """A person asks for more, to launch or keep machines of one template. Whoever approves it gives a grant of these amounts."""

    class State(models.TextChoices):
        OPEN = "open", _("Not decided yet")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="quota_requests")
    subject = models.PositiveBigIntegerField()  # the template's id; opaque here
    title = models.JSONField()  # what it was called: {"en": …, "es": …}
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    note = models.CharField(max_length=500, blank=True, default="")  # of whoever decided it
    created_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    grant = models.OneToOneField(Grant, null=True, blank=True, on_delete=models.SET_NULL, related_name="request")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "subject"], condition=Q(state="open"), name="quota_request_one_open_per_subject"
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_at=None)
                | Q(state__in=["approved", "refused"], decided_at__isnull=False),
                name="quota_request_decided_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["subject"], condition=Q(state="open"), name="quota_request_open"),
            models.Index(fields=["user", "-created_at"], name="quota_request_by_user"),
        ]

    @property
    def size(self) -> Size:
        """Return the amounts that are asked for."""
        return Size(*(getattr(self, measure) for measure in MEASURES))


class Reservation(Measures):
    """An amount of each measure that a person uses for `holder` (an opaque id), until it is closed."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="reservations")
    holder = models.UUIDField()
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["holder"], condition=Q(closed_at__isnull=True), name="reservation_one_open_per_holder"
            ),
        ]
        indexes = [models.Index(fields=["user"], condition=Q(closed_at__isnull=True), name="reservation_open_by_user")]
