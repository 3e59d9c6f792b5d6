"""The ledger of donations: an offer, its computers, and each of their steps."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Donor, User
from nodes import computer_numbers, donation_numbers, specs, states
from nodes.files.models import Photo as Photo
from nodes.files.models import StoredFile as StoredFile
from nodes.hypervisors.models import CarriedMonth as CarriedMonth
from nodes.hypervisors.models import ClusterHour as ClusterHour
from nodes.hypervisors.models import Emptying as Emptying
from nodes.hypervisors.models import Node as Node
from nodes.hypervisors.models import NodeEvent as NodeEvent
from nodes.hypervisors.models import NodeSpell as NodeSpell
from nodes.hypervisors.models import NodeTie as NodeTie
from nodes.hypervisors.models import ServedMonth as ServedMonth
from nodes.intake.models import IntakeCode as IntakeCode
from nodes.intake.models import MeasuredDisk as MeasuredDisk
from nodes.intake.models import Measurement as Measurement
from nodes.months.models import DonorMonth as DonorMonth
from nodes.subscriptions.models import Entitlement as Entitlement
from nodes.subscriptions.models import Plan as Plan
from nodes.wiping.models import DiskWipe as DiskWipe
from nodes.wiping.models import WipeCertificate as WipeCertificate
from nodes.wiping.models import WipeEvidence as WipeEvidence


class Donation(models.Model):
    """An offer of one or more computers."""

    class Handover(models.TextChoices):
        BRING = "bring", _("I bring it")
        FETCH = "fetch", _("Please fetch it")

    class Confirmed(models.TextChoices):
        """The donor's answer about the list of what was received."""

        OPEN = "", _("Not answered")
        YES = "yes", _("This is what I gave")
        NO = "no", _("Something is missing, or too much")

    donor = models.ForeignKey(Donor, on_delete=models.PROTECT, related_name="donations")
    handover = models.CharField(max_length=8, choices=Handover.choices)
    message = models.CharField(max_length=500, blank=True, default="")  # the donor's: where it is, when
    offered_at = models.DateTimeField(default=timezone.now)
    confirmed = models.CharField(max_length=3, choices=Confirmed.choices, blank=True, default="")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirm_note = models.CharField(max_length=500, blank=True, default="")  # what is missing or too much
    # Hash of the form that was sent: pressed twice, it is one offer.
    sent_as = models.CharField(max_length=64, null=True, blank=True, unique=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(handover__in=["bring", "fetch"]), name="donation_handover_known"),
            models.CheckConstraint(
                condition=Q(confirmed="", confirmed_at=None)
                | (Q(confirmed__in=["yes", "no"]) & Q(confirmed_at__isnull=False)),
                name="donation_confirmed_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """Return the number as people read it: MNG-D-0041."""
        return donation_numbers.written(self.pk)


class Computer(models.Model):
    """A computer that somebody gave, the object. What it does in the cluster is a row of its own."""

    class Kind(models.TextChoices):
        DESKTOP = "desktop", _("Desktop computer")
        ALL_IN_ONE = "all_in_one", _("All in one")
        LAPTOP = "laptop", _("Laptop")
        SERVER = "server", _("Server")

    donation = models.ForeignKey(Donation, on_delete=models.PROTECT, related_name="computers")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    model = models.CharField(max_length=100, blank=True, default="")  # maker and model
    cpu = models.CharField(max_length=100, blank=True, default="")
    bits = models.PositiveSmallIntegerField(null=True, blank=True)  # 32 or 64; None: not known, as below
    ram_mb = models.PositiveIntegerField(null=True, blank=True)  # MiB
    disk_gb = models.PositiveIntegerField(null=True, blank=True)  # GB, as printed on the disk
    nic_mbit = models.PositiveIntegerField(null=True, blank=True)  # Mbit/s
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    grams = models.PositiveIntegerField(null=True, blank=True)  # weighed when it came
    reference = models.CharField(
        max_length=60, blank=True, default="", db_default=""
    )  # in the list of whoever wrote it down; one donor's are unique
    state = models.CharField(max_length=10, choices=states.State.choices, default=states.State.OFFERED)
    state_since = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=10, choices=states.Reason.choices, blank=True, default="")  # why not accepted
    used_for = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="parts_of")

    objects: ClassVar[models.Manager["Computer"]] = models.Manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=states.State.values), name="computer_state_known"),
            models.CheckConstraint(condition=Q(bits=None) | Q(bits__in=[32, 64]), name="computer_bits_known"),
            models.CheckConstraint(
                condition=(Q(state="declined") & ~Q(reason="")) | (~Q(state="declined") & Q(reason="")),
                name="computer_declined_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(used_for=None) | Q(state__in=["parts", "recycled"]), name="computer_used_for_parts"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-state_since"], name="computer_by_state"),
            models.Index(fields=["reference"], condition=~Q(reference=""), name="computer_by_reference"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """Return the number on the label: MNG-00127-4."""
        return computer_numbers.written(self.pk)

    @property
    def name(self) -> str:
        """Return what it is in a word or two: its model, else its kind."""
        return self.model or str(self.get_kind_display())

    @property
    def facts(self) -> specs.Facts:
        """Return the facts by which it is judged."""
        return specs.Facts(self.cpu, self.bits, self.ram_mb, self.nic_mbit)

    @property
    def reasons(self) -> str:
        """Return why it was not accepted, in sentences: the reason that was given, and what else its facts say; '' where it was accepted."""
        if not self.reason:
            return ""
        beside = specs.all_why_not(self.facts) if self.reason in specs.REASONS else []
        reasons = dict.fromkeys([states.Reason(self.reason), *beside])
        return " ".join(str(reason.label) for reason in reasons)

    @property
    def where_it_helps(self) -> str:
        """Say where a computer that was not accepted still helps; '' where there is nothing to say."""
        return states.where_it_helps(self.reason) if self.reason else ""


class StateChange(models.Model):
    """A step of a computer, or the undoing of one. `batch`: steps that one press made, of which one mail tells."""

    computer = models.ForeignKey(Computer, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    from_state = models.CharField(max_length=10, blank=True, default="")  # '': it was offered
    to_state = models.CharField(max_length=10)
    reason = models.CharField(max_length=10, blank=True, default="")  # of a decline
    note = models.CharField(max_length=500, blank=True, default="")  # of staff, for staff
    grams = models.PositiveIntegerField(null=True, blank=True)  # what was weighed with it
    disks = models.CharField(
        max_length=11, blank=True, default="", db_default=""
    )  # of a wipe without a certificate: states.Uncertified
    grams_before = models.PositiveIntegerField(null=True, blank=True)  # and what was known before, for undo
    batch = models.UUIDField(default=uuid.uuid4, db_index=True)
    undoes = models.OneToOneField("self", null=True, blank=True, on_delete=models.CASCADE, related_name="undone_by")

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["computer", "-id"], name="change_by_computer")]
