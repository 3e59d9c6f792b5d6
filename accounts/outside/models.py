"""Rows of outside accounts."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.cloud_users.models import CloudUser

KEYSTONE = "keystone"  # the way of the cloud's own accounts


class OutsideAccountQuerySet(models.QuerySet["OutsideAccount"]):
    def not_made_here(self) -> "OutsideAccountQuerySet":
        """Leave out the cloud users that the portal made itself (accounts.cloud_users)."""
        made_here = CloudUser.objects.filter(user=models.OuterRef("user"), subject=models.OuterRef("subject"))
        return self.exclude(models.Exists(made_here.exclude(subject="")), way=KEYSTONE)


class OutsideAccount(models.Model):
    """An account elsewhere by which a person signs in here: the subject never changes there, the name may."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="outside_accounts")
    way = models.CharField(max_length=40)  # keystone, ldap, or the id of a provider
    # '' until the first sign-in, of one that an administrator linked by its name.
    subject = models.CharField(max_length=255, blank=True, default="")
    name = models.CharField(max_length=255)
    # What the table of roles gave at the last sign-in, and nobody by hand: taken away again when it no longer does.
    roles = ArrayField(models.CharField(max_length=10), default=list)
    made_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar = OutsideAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["way", "subject"], condition=~models.Q(subject=""), name="outside_account_once"
            ),
            models.UniqueConstraint("way", Lower("name"), name="outside_account_name_once"),
            models.UniqueConstraint(fields=["user", "way"], name="outside_account_once_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.way}:{self.name}"
