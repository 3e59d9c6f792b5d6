"""Rows of wiped disks, of the certificates on which they stand, and of the evidence for them."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from nodes.files.models import StoredFile
from nodes.wiping import certificate_numbers
from nodes.wiping.media import Media, Method, Result, Technique, Verification


def _person() -> "models.ForeignKey[User | None, User | None]":
    """Return a column for who did it, which is empty once their account is gone."""
    return models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")


class WipeCertificate(models.Model):
    """A certificate of the disks of a computer. Nothing of it is changed but that it is withdrawn, which takes a reason."""

    computer = models.ForeignKey("nodes.Computer", on_delete=models.PROTECT, related_name="certificates")
    kind = models.CharField(max_length=10)  # of the computer, and its model, as they were then
    model = models.CharField(max_length=100, blank=True, default="")
    issued_at = models.DateTimeField(default=timezone.now)
    issued_by = _person()
    issuer_name = models.CharField(max_length=200)  # as printed
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = _person()
    withdrawn_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_reason="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_reason="")),
                name="certificate_withdrawn_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """Return the number as people read it: WPC-00012-3."""
        return certificate_numbers.written(self.pk)

    @property
    def is_valid(self) -> bool:
        return self.withdrawn_at is None


class DiskWipe(models.Model):
    """A disk and what was done to it. The row may be changed until it stands on a certificate, never after."""

    computer = models.ForeignKey("nodes.Computer", on_delete=models.PROTECT, related_name="disk_wipes")
    certificate = models.ForeignKey(
        WipeCertificate, null=True, blank=True, on_delete=models.PROTECT, related_name="disks"
    )
    media = models.CharField(max_length=10, choices=Media.choices)
    serial = models.CharField(max_length=60)
    size_gb = models.PositiveIntegerField(null=True, blank=True)  # as printed on the disk
    computer_serial = models.CharField(max_length=60, blank=True, default="")
    method = models.CharField(max_length=8, choices=Method.choices)
    technique = models.CharField(max_length=20, choices=Technique.choices)
    own_technique = models.CharField(
        max_length=200, blank=True, default=""
    )  # in words, where it is the organisation's own
    tool = models.CharField(max_length=60, blank=True, default="")
    tool_version = models.CharField(max_length=30, blank=True, default="")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    result = models.CharField(max_length=6, choices=Result.choices)
    retries = models.PositiveIntegerField(null=True, blank=True)  # that the tool counted; None: it told of none
    verification = models.CharField(max_length=6, choices=Verification.choices, blank=True, default="")
    validation = models.CharField(max_length=300, blank=True, default="")  # how the result as a whole was judged
    operator = _person()
    operator_name = models.CharField(max_length=200)  # as printed
    second_person = models.CharField(max_length=120, blank=True, default="")
    recorded_at = models.DateTimeField(default=timezone.now)
    anew_of = models.ForeignKey(
        "self", null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="anew"
    )  # the record on a certificate that was withdrawn, to be corrected here

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ended_at__gte=F("started_at")), name="wipe_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(result="failed", method__in=["clear", "purge"])
                | (Q(result="passed") & ~Q(verification="")),
                name="wipe_failed_or_verified",
            ),
        ]

    def __str__(self) -> str:
        return self.serial


class WipeEvidence(models.Model):
    """A file that shows what a tool did to a disk. A corrected record has the same files as the one before."""

    disk = models.ForeignKey(DiskWipe, on_delete=models.CASCADE, related_name="evidence")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="evidence")
    name = models.CharField(max_length=100)
    added_at = models.DateTimeField(default=timezone.now)
    by = _person()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["disk", "file"], name="evidence_once_of_a_disk")]
