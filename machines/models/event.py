"""The history of a machine."""

from django.db import models
from django.utils import timezone

from accounts.models import User
from lib.notes import Note


class Event(models.Model):
    """A line of a machine's history."""

    class Kind(models.TextChoices):
        WISHED = "wished"  # a person (or, where `by` is empty, the cloud's own people) wanted something
        MOVED = "moved"  # the state changed
        NOTED = "noted"  # something worth telling

    machine = models.ForeignKey("machines.Machine", on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    from_state = models.CharField(max_length=10)
    to_state = models.CharField(max_length=10)
    stored_note = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["machine", "-at"], name="event_by_machine")]

    @property
    def note(self) -> Note:
        return Note.from_json(self.stored_note)
