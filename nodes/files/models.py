"""Rows of the files in FILES_DIR, and the photos among them."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class StoredFile(models.Model):
    """A file in FILES_DIR under the name of its id. Its bytes never change; `size` counts until the sweep has removed it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    media_type = models.CharField(max_length=40)  # as in Content-Type
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    # Since when it belongs to nothing; the sweep removes it a day later.
    dropped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["dropped_at"], condition=Q(dropped_at__isnull=False), name="file_dropped"),
        ]


class Photo(models.Model):
    """A photo of an offer, or of one of its computers. `small` is the same picture for lists."""

    donation = models.ForeignKey(
        "nodes.Donation", null=True, blank=True, on_delete=models.PROTECT, related_name="photos"
    )
    # For a form that is not sent yet, without a donation: when the photo goes.
    kept_until = models.DateTimeField(null=True, blank=True)
    computer = models.ForeignKey(
        "nodes.Computer", null=True, blank=True, on_delete=models.PROTECT, related_name="photos"
    )
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="photo")
    small = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="+")
    width = models.PositiveSmallIntegerField()  # pixels, of `file`
    height = models.PositiveSmallIntegerField()
    added_at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    is_donors = models.BooleanField()  # sent by the donor: it goes when the donor is erased

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(donation__isnull=False, kept_until=None)
                | Q(donation=None, computer=None, kept_until__isnull=False),
                name="photo_of_a_donation_or_a_form",
            ),
        ]
        indexes = [models.Index(fields=["kept_until"], condition=Q(kept_until__isnull=False), name="photo_of_a_form")]
