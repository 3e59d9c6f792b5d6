"""Changes of the keys in running machines: one to put in, or one to take out."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import SshKey, User
from lib.notes import Note


class KeyChange(models.Model):
    """A key to be put into a running machine or taken out of it, until a worker has done so, and for a while how that ended."""

    class Verb(models.TextChoices):
        PUT_IN = "put_in"
        TAKE_OUT = "take_out"

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        FAILED = "failed"

    machine = models.ForeignKey("machines.Machine", on_delete=models.CASCADE, related_name="key_changes")
    verb = models.CharField(max_length=10, choices=Verb.choices)
    # None: the person has deleted it since, or it is the portal's own.
    key = models.ForeignKey(SshKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="changes")
    name = models.CharField(max_length=60)
    public_key = models.TextField()
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    # Why it failed, for programs; see machines.key_faults.
    code = models.CharField(max_length=20, blank=True, default="")
    stored_note = models.JSONField(default=dict, blank=True)  # and for people
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["machine", "public_key"], condition=Q(state="waiting"), name="key_change_one_at_a_time"
            )
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(state="waiting"), name="key_change_by_next"),
            models.Index(fields=["machine", "public_key"], name="key_change_by_key"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.name} {self.state}"

    @property
    def note(self) -> Note:
        return Note.from_json(self.stored_note)
