"""People and the keys that open their machines."""

import uuid
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """A person. `uuid` is how the cloud knows them; it never changes."""

    class Role(models.TextChoices):
        STUDENT = "student", _("Student")
        TEACHER = "teacher", _("Teacher")
        DONOR = "donor", _("Donor")
        ADMIN = "admin", _("Administrator")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.STUDENT)
    language = models.CharField(max_length=5, blank=True, default="")  # '' = what the browser asks for

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=["student", "teacher", "donor", "admin"]), name="user_role_known"
            )
        ]

    @property
    def is_admin(self) -> bool:
        return self.is_active and (self.role == self.Role.ADMIN or self.is_superuser)

    @property
    def is_teacher(self) -> bool:
        """May make templates: teachers, and admins too."""
        return self.is_active and (self.role == self.Role.TEACHER or self.is_admin)


class SshKey(models.Model):
    """The public half of a person's key; the private half never stays here."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="ssh_keys")
    name = models.CharField(max_length=60)
    public_key = models.TextField()  # OpenSSH one-line format without a comment
    fingerprint = models.CharField(max_length=60)  # SHA256:…, as ssh-keygen -l shows it
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["user", "fingerprint"], name="ssh_key_once_per_person")]

    def __str__(self) -> str:
        return f"{self.name} {self.fingerprint}"


class ApiWrites(models.Model):
    """How often a token has written in the minute of its last write."""

    token = models.CharField(max_length=128, primary_key=True)  # the hash by which it is known, never the token
    minute = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.count} at {self.minute}"


class SignInQuerySet(models.QuerySet["SignIn"]):
    def recent(self, now: datetime) -> "SignInQuerySet":
        """Those that still count for a knock: see tunnels."""
        return self.filter(at__gt=now - RECENT)


RECENT = timedelta(days=1)


class SignIn(models.Model):
    """An address from which a person, signed in, used the portal; and when last."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_ins")
    address = models.GenericIPAddressField()
    at = models.DateTimeField(default=timezone.now)

    objects = SignInQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "address"], name="sign_in_once_per_address")]
        indexes = [models.Index(fields=["at"], name="sign_in_by_time")]
