"""Images of machines' disks that the cloud keeps: archives, what is left of them, downloads, and kept moments."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from lib.notes import Note
from machines.models.machine import Machine
from machines.states import Wanted


class DiskImageQuerySet(models.QuerySet["DiskImage"]):
    def due(self, now: datetime) -> "DiskImageQuerySet":
        """Select images that are still to be made and in no other worker's hands, but for those of held machines."""
        return self.filter(state=DiskImage.State.DUE, next_at__lte=now, machine__held_at__isnull=True)

    def moments(self) -> "DiskImageQuerySet":
        """Select the kept moments that their owner still has, the oldest first."""
        kept = self.filter(kind=DiskImage.Kind.MOMENT, expires_at__isnull=True).exclude(state=DiskImage.State.OVER)
        return kept.order_by("number")

    def to_go_back_to(self, machine: Machine) -> "DiskImage | None":
        """Return the moment to which the machine's last reset leads; None: to its template."""
        return self.filter(machine=machine, kind=DiskImage.Kind.MOMENT, restores=machine.resets_asked).first()


class DiskImage(models.Model):
    """An image of a machine's disk. An archive's row adds to Machine.archive_id what is needed to download it."""

    class Kind(models.TextChoices):
        ARCHIVE = "archive"  # Machine.archive_id: all there is of the machine
        SPENT = "spent"  # an archive that was restored: it goes when the guest answers
        DOWNLOAD = "download"  # asked for by its owner, for a day
        MOMENT = "moment"  # kept by its owner, to go back to it: see machines.moments

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
    # When the cloud's image goes. A download has one from the start, a moment once somebody asked to delete it.
    expires_at = models.DateTimeField(null=True, blank=True)
    # Of a moment: its number among the machine's moments, and the name that its owner gave it.
    number = models.PositiveIntegerField(null=True, blank=True)
    title = models.CharField(max_length=60, blank=True, default="", db_default="")
    resets = models.PositiveIntegerField(null=True, blank=True)  # the disk that was copied, as Machine.cloud_resets
    # The portal's own key in that disk, as PortalKey.number. None: the disk is older than that key, or was taken over.
    portal_key = models.PositiveIntegerField(null=True, blank=True)
    restores = models.PositiveIntegerField(null=True, blank=True)  # the number of the last reset that leads back to it

    objects = DiskImageQuerySet.as_manager()

    class Meta:
        db_table = "machines_copy"  # its older name, so that workers of 0.3 go on while an upgrade runs
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["archive", "spent", "download", "moment"]), name="copy_kind_known"
            ),
            models.CheckConstraint(condition=Q(state__in=["due", "ready", "failed", "over"]), name="copy_state_known"),
            models.UniqueConstraint(
                fields=["machine", "kind"],
                condition=Q(kind__in=["archive", "download"], state__in=["due", "ready"]),
                name="copy_one_of_a_kind",
            ),
            models.UniqueConstraint(
                fields=["machine", "number"], condition=Q(kind="moment"), name="copy_moment_once_per_number"
            ),
            models.UniqueConstraint(
                fields=["machine"],
                condition=Q(kind="moment", state="due", expires_at=None),
                name="copy_one_moment_in_the_making",
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(state="due"), name="copy_due"),
            models.Index(fields=["machine", "-asked_at"], name="copy_by_machine"),
        ]

    @property
    def note(self) -> Note:
        return Note.from_json(self.stored_note)

    @property
    def is_of_another_disk(self) -> bool:
        """Say whether what its machine runs on, or soon will, is not the disk of which this moment was asked."""
        machine = self.machine
        is_same = machine.server_id == self.server_id and machine.resets_asked == self.resets
        return not is_same or machine.wanted in (Wanted.ARCHIVED, Wanted.GONE)
