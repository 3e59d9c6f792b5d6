"""Rows of codes for minga-intake, and of what it measured of a computer and its disks."""

import re

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User

_COMPANY = re.compile(
    r",?\s+(?:inc|corp|corporation|co|ltd|gmbh|computer|international)\b.*", re.IGNORECASE
)  # Dell Inc.


def _person() -> "models.ForeignKey[User | None, User | None]":
    """Return a column for who did it, which is empty once their account is gone."""
    return models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")


class IntakeCode(models.Model):
    """A code by which a computer says once what it is. Its text is kept nowhere."""

    computer = models.ForeignKey("nodes.Computer", on_delete=models.CASCADE, related_name="intake_codes")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(default=timezone.now)
    made_by = _person()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = _person()  # None where another code took its place

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["computer"], condition=Q(used_at=None, withdrawn_at=None), name="intake_code_one_open"
            ),
            models.CheckConstraint(
                condition=Q(used_at=None) | Q(withdrawn_at=None), name="intake_code_used_or_withdrawn"
            ),
        ]


class Measurement(models.Model):
    """The facts that minga-intake read of a computer, beside what its donor said. Nothing of it is changed afterwards."""

    computer = models.ForeignKey("nodes.Computer", on_delete=models.CASCADE, related_name="measurements")
    at = models.DateTimeField(default=timezone.now)
    code = models.OneToOneField(
        IntakeCode, null=True, blank=True, on_delete=models.SET_NULL, related_name="measurement"
    )  # None: its text was typed at the desk
    by = _person()  # who typed it
    version = models.CharField(max_length=20)  # of the program
    said = models.JSONField(default=dict)  # what stood in the ledger then, by the names of measurements.FIELDS
    # None and '': not read.
    kind = models.CharField(max_length=10, blank=True, default="")
    vendor = models.CharField(max_length=60, blank=True, default="")
    product = models.CharField(max_length=60, blank=True, default="")
    serial = models.CharField(max_length=60, blank=True, default="")
    cpu = models.CharField(max_length=100, blank=True, default="")
    threads = models.PositiveIntegerField(null=True, blank=True)
    bits = models.PositiveSmallIntegerField(null=True, blank=True)
    virtualisation = models.CharField(max_length=4, blank=True, default="")  # vmx, svm, none
    ram_mb = models.PositiveIntegerField(null=True, blank=True)  # MiB that the system can use
    ram_installed_mb = models.PositiveIntegerField(null=True, blank=True)  # MiB in its slots
    grams = models.PositiveIntegerField(null=True, blank=True)
    cards = models.JSONField(default=list)  # {name, mbit, wireless} of each network card
    not_read = models.JSONField(default=list)  # words of machine_facts.NOT_READ

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["computer", "-id"], name="measurement_by_computer")]

    @property
    def model(self) -> str:
        """Return maker and model in one text, the maker once."""
        vendor = _COMPANY.sub("", self.vendor)
        vendor = "" if self.product.lower().startswith(vendor.lower()) else vendor
        return f"{vendor} {self.product}".strip()[:100]

    @property
    def memory_mb(self) -> int | None:
        """Return the memory in its slots; where that was not read, what the system can use of it."""
        return self.ram_installed_mb or self.ram_mb

    @property
    def disk_gb(self) -> int | None:
        """Return the size of all its disks together; None where that of one is not known. None was found: 0."""
        sizes = [disk.size_gb for disk in self.disks.all()]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def nic_mbit(self) -> int | None:
        """Return the speed of its fastest card with a cable; None where none is known."""
        return max((card["mbit"] for card in self.cards if card["mbit"] and not card["wireless"]), default=None)


class MeasuredDisk(models.Model):
    """A disk as it told of itself. None and '': it told nothing, or smartctl was not there."""

    measurement = models.ForeignKey(Measurement, on_delete=models.CASCADE, related_name="disks")
    name = models.CharField(max_length=20)  # as the system calls it: sda
    bus = models.CharField(max_length=6, blank=True, default="")
    model = models.CharField(max_length=60, blank=True, default="")
    serial = models.CharField(max_length=60, blank=True, default="")
    size_gb = models.PositiveIntegerField(null=True, blank=True)  # as printed on the disk
    rotational = models.BooleanField(null=True, blank=True)
    health = models.CharField(max_length=6, blank=True, default="")  # passed, failed
    reallocated = models.PositiveBigIntegerField(null=True, blank=True)  # sectors
    pending = models.PositiveBigIntegerField(null=True, blank=True)  # sectors
    media_errors = models.PositiveBigIntegerField(null=True, blank=True)  # of NVMe
    power_on_hours = models.PositiveIntegerField(null=True, blank=True)
    used_percent = models.PositiveSmallIntegerField(null=True, blank=True)  # of what NVMe flash is made for

    class Meta:
        ordering = ["pk"]
