"""Rows of the audit log."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


def _person(**facts: Any) -> "models.ForeignKey[Any, Any]":
    """Return a column with a person's id and no constraint: to erase a person, or even their row, edits nothing here."""
    options: dict[str, Any] = {"null": True, "on_delete": models.DO_NOTHING, "related_name": "+", "db_index": False}
    return models.ForeignKey(settings.AUTH_USER_MODEL, db_constraint=False, **options, **facts)


class AuditRow(models.Model):
    """A line of the log: who did what, to whom and to which of their things. A trigger refuses to change and to delete it (ADR 92)."""

    at = models.DateTimeField(default=timezone.now)
    who = _person()  # None: a command on the server (manage.py)
    verb = models.CharField(max_length=40)
    whom = _person()  # None: the thing is nobody's, as an image of the catalog is
    kind = models.CharField(max_length=20)  # of the object: machine, template, image, …
    object_id = models.CharField(max_length=64, blank=True, default="")
    name = models.CharField(max_length=200, blank=True, default="")  # of the object, as it was then
    address = models.GenericIPAddressField(null=True)  # of the request; None: a command, unknown, or 90 days ago
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index("who", F("id").desc(), name="audit_by_who"),
            models.Index("whom", F("id").desc(), name="audit_by_whom"),
            models.Index("verb", F("id").desc(), name="audit_by_verb"),
            models.Index("kind", "object_id", F("id").desc(), name="audit_by_object"),
            models.Index("at", name="audit_by_time"),
            models.Index("at", condition=Q(address__isnull=False), name="audit_with_address"),
        ]

    def __str__(self) -> str:
        return f"{self.who_id or 'manage.py'} {self.verb} {self.kind} {self.object_id}"
