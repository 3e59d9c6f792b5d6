"""Images of machines' disks that the cloud keeps: archives, what is left of them, and what somebody wants to download."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from lib.notes import Note
from machines.models.machine import Machine


class DiskImageQuerySet(models.QuerySet["DiskImage"]):
    def due(self, now: datetime) -> "DiskImageQuerySet":
        """Select images that are still to be made and in no other worker's hands, but for those of held machines."""
        return self.filter(state=DiskImage.State.DUE, next_at__lte=now, machine__held_at__isnull=True)


class DiskImage(models.Model):
    """An image of a machine's disk. An archive's row adds to Machine.archive_id what is needed to download it."""

    class Kind(models.TextChoices):
        ARCHIVE = "archive"  # Machine.archive_id: all there is of the machine
        SPENT = "spent"  # an archive that was restored: it goes when the guest answers
        DOWNLOAD = "download"  # asked for by its owner, for a day

    class State(models.TextChoices):
        DUE = "due"  # being made
        READY = "ready"
        FAILED = "failed"  # the note says why
        OVER = "over"  # deleted in the cloud, or the cloud deleted it

    machine = models.ForeignKey(Machine, on_delete=models.CASCADE, related_name="copies")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DUE)
    name = models.CharField(max_length=100, blank=True, default="")  # by which the cloud finds it again
    server_id = models.CharField(max_length=64, blank=True, default="")  # of which it is made
    image_id = models.CharField(max_length=64, blank=True, default="")
    borrowed = models.BooleanField(default=False)  # the cloud's own: see Cloud.kept_image; never deleted by us
    size_bytes = models.BigIntegerField(default=0)
    disk_format = models.CharField(max_length=20, blank=True, default="")
    stored_note = models.JSONField(default=dict, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField(default=timezone.now)  # of the next try, while it is due; a try moves it on first
    ready_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)  # of a download: then it is deleted in the cloud

    objects = DiskImageQuerySet.as_manager()

    class Meta:
        db_table = "machines_copy"  # its older name, so that workers of 0.3 go on while an upgrade runs
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["archive", "spent", "download"]), name="copy_kind_known"),
            models.CheckConstraint(condition=Q(state__in=["due", "ready", "failed", "over"]), name="copy_state_known"),
            models.UniqueConstraint(
                fields=["machine", "kind"],
                condition=Q(kind__in=["archive", "download"], state__in=["due", "ready"]),
                name="copy_one_of_a_kind",
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(state="due"), name="copy_due"),
            models.Index(fields=["machine", "-asked_at"], name="copy_by_machine"),
        ]

    @property
    def note(self) -> Note:
        return Note.from_json(self.stored_note)
