"""Announcements, and who has dismissed which."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AnnouncementQuerySet(models.QuerySet["Announcement"]):
    def running(self, now: datetime) -> "AnnouncementQuerySet":
        return self.filter(starts_at__lte=now, ends_at__gt=now)

    def to_come(self, now: datetime) -> "AnnouncementQuerySet":
        return self.filter(starts_at__gt=now, ends_at__gt=now)

    def over(self, now: datetime) -> "AnnouncementQuerySet":
        return self.filter(ends_at__lte=now)


class Announcement(models.Model):
    """A text for everybody, or for the people of a role, from one time to another. While one with `pauses_launches` runs, nobody launches."""

    class Audience(models.TextChoices):
        EVERYONE = "everyone", _("Everyone")
        STUDENTS = "students", _("Students")
        TEACHERS = "teachers", _("Teachers")
        DONORS = "donors", _("Donors")
        ADMINISTRATORS = "administrators", _("Administrators")

    text_en = models.TextField(blank=True, default="")  # plain; whoever's language has none reads the other one
    text_es = models.TextField(blank=True, default="")
    audience = models.CharField(max_length=16, choices=Audience.choices, default=Audience.EVERYONE)
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()
    pauses_launches = models.BooleanField(default=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gte=F("starts_at")), name="announcement_ends_after_its_start"),
            models.CheckConstraint(condition=~Q(text_en="", text_es=""), name="announcement_has_a_text"),
            models.CheckConstraint(
                condition=Q(audience__in=["everyone", "students", "teachers", "donors", "administrators"]),
                name="announcement_audience_known",
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], name="announcement_by_end")]

    def __str__(self) -> str:
        return f"{(self.text_en or self.text_es)[:60]} ({self.pk})"

    def is_running(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at

    def is_over(self, now: datetime) -> bool:
        return self.ends_at <= now


class AnnouncementDismissal(models.Model):
    """A person has read an announcement and dismissed it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE, related_name="dismissals")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["announcement", "user"], name="announcement_dismissed_once_per_person")
        ]
