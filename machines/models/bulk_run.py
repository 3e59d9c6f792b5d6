"""Runs of one verb for many machines: what an administrator chose, and how it ended with each."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from lib.notes import Note


class BulkRun(models.Model):
    """A verb and the machines for which it was asked: shown in numbers first, then carried out by workers. See machines.bulk_work."""

    class State(models.TextChoices):
        PREVIEW = "preview"
        RUNNING = "running"
        DONE = "done"

    verb = models.CharField(max_length=20)  # see machines.bulk_preview.VERBS
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREVIEW)
    chosen = models.PositiveIntegerField()
    left = models.JSONField(default=dict)  # {why: how many} of the chosen that the verb does not fit: a state, or "bin"
    query = models.CharField(max_length=600, blank=True, default="")  # of the list from which they were chosen
    until = models.DateTimeField(null=True)  # where the verb keeps awake
    address = models.GenericIPAddressField(null=True)  # from which it was started, for the audit log
    at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["preview", "running", "done"]), name="bulk_run_state_known")
        ]
        indexes = [
            models.Index(fields=["at"], condition=Q(state="running"), name="bulk_run_under_way"),
            models.Index(fields=["at"], name="bulk_run_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.state} ({self.pk})"


class BulkItem(models.Model):
    """A machine of a run. Its outcome is written in the transaction in which the verb is carried out."""

    class Outcome(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        REFUSED = "refused"

    run = models.ForeignKey(BulkRun, on_delete=models.CASCADE, related_name="items")
    machine = models.ForeignKey("machines.Machine", on_delete=models.CASCADE, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.WAITING)
    stored_note = models.JSONField(default=dict, blank=True)  # why it was refused

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "machine"], name="bulk_item_once_per_run"),
            models.CheckConstraint(
                condition=Q(outcome__in=["waiting", "done", "refused"]), name="bulk_item_outcome_known"
            ),
        ]
        indexes = [models.Index(fields=["run", "id"], condition=Q(outcome="waiting"), name="bulk_item_waiting")]

    @property
    def note(self) -> Note:
        return Note.from_json(self.stored_note)

    def end(self, outcome: str, note: Any = None) -> None:
        """Write how it ended."""
        self.outcome, self.stored_note = outcome, note.as_json() if note else {}
        self.save(update_fields=["outcome", "stored_note"])
