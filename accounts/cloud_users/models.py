"""Rows of the cloud users that the portal makes."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

CHECKED_EVERY = timedelta(hours=6)  # restores a role that was lost because somebody deleted the project by hand


class CloudUserQuerySet(models.QuerySet["CloudUser"]):
    def kept(self) -> "CloudUserQuerySet":
        """Select those that should exist."""
        return self.filter(ended_at=None, user__removed_at=None)

    def due(self, now: datetime) -> "CloudUserQuerySet":
        """Select those that differ from what the cloud was last told, and those that were not checked for CHECKED_EVERY."""
        is_to_go = Q(ended_at__isnull=False) | Q(user__removed_at__isnull=False)
        is_new = Q(subject="") | ~Q(sealed_password="")
        is_switched = ~Q(is_enabled=F("user__is_active")) & ~Q(subject="")
        is_old = Q(checked_at__lt=now - CHECKED_EVERY)
        return self.filter(is_to_go | is_switched | (Q(user__is_active=True) & (is_new | is_old)))


class CloudUser(models.Model):
    """The cloud user that was made, or is being made, for a person."""

    # Deleting the person would leave their user behind in the cloud: people are removed instead, and then this row goes.
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="cloud_user")
    name = models.CharField(max_length=64, unique=True)  # never changes, also where the person's username does
    subject = models.CharField(max_length=64, blank=True, default="")  # its id there; '': not made yet
    sealed_password = models.TextField(blank=True, default="")  # until the cloud has it
    is_enabled = models.BooleanField(default=True)  # as the cloud was told last
    refused = models.CharField(max_length=300, blank=True, default="")  # by the cloud, in its own words, for staff
    asked_at = models.DateTimeField(default=timezone.now)  # when it, or its present password, was asked for
    ended_at = models.DateTimeField(null=True, blank=True)  # the person wants it no longer; the row goes with the user
    checked_at = models.DateTimeField(null=True, blank=True)  # when the cloud was last seen to agree
    claimed_until = models.DateTimeField(null=True, blank=True)

    objects: ClassVar = CloudUserQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject"], condition=~Q(subject=""), name="cloud_user_once"),
        ]
        indexes = [models.Index(fields=["checked_at"], name="cloud_user_by_check")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_ready(self) -> bool:
        """Say whether the cloud has everything that was asked for."""
        return bool(self.subject) and not self.sealed_password and self.ended_at is None
