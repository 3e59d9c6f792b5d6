"""Rows about the cloud as a whole: when it was listed, and the servers that no machine needs."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lib.compiled_queries import compiled


class CloudWatch(models.Model):
    """The single row about the lists of the cloud: when the last one was, and by what cursor to go on."""

    cursor = models.TextField(blank=True, default="")
    listed_at = models.DateTimeField(null=True, blank=True)
    steady_since = models.DateTimeField(null=True, blank=True)  # every list has worked since then; None while none does
    whole_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    # By a restore: the cloud is not listed before reconcile.after_restore.compare_with_cloud.
    held_at = models.DateTimeField(null=True, blank=True)
    took_seconds = models.FloatField(default=0)
    room = models.JSONField(default=dict, blank=True)  # free capacity of the cluster, as the cloud last said
    # Of the first list; see machines.cloud_identity.
    cloud_identity = models.CharField(max_length=200, blank=True, default="")
    no_removal_until = models.DateTimeField(null=True, blank=True)  # after a restore: an admin looks at strays first

    class Meta:
        db_table = "machines_watch"  # its older name, so that workers of 0.3 go on while an upgrade runs

    @classmethod
    def get_solo(cls) -> "CloudWatch":
        rows: list[CloudWatch] = _the_row()
        return rows[0] if rows else cls.objects.get_or_create(pk=1)[0]

    @classmethod
    def identity(cls) -> str:
        """Return the identity of the cloud that was listed first; '' before that. Each step asks, so only one column is read."""
        return next(iter(_identity()), "")

    @classmethod
    def is_held(cls) -> bool:
        """Return whether a restore still waits for its comparison with the cloud."""
        return cls.objects.filter(held_at__isnull=False).exists()

    @property
    def serves_screens(self) -> bool:
        """Say whether the cloud itself serves a machine's screen, on a port and with a password of ours. OpenStack does not.

        Known by what was listed: with compose the web process has no OS_* and does not know which cloud it is.
        """
        return not self.cloud_identity.startswith("openstack:")


# Each tick and each step asks.
@compiled
def _the_row() -> "models.QuerySet[CloudWatch]":
    return CloudWatch.objects.filter(pk=1)


@compiled
def _identity() -> "models.QuerySet[CloudWatch, str]":
    return CloudWatch.objects.filter(pk=1).values_list("cloud_identity", flat=True)


class StrayQuerySet(models.QuerySet["Stray"]):
    def open(self) -> "StrayQuerySet":
        """Select strays that the last whole list had and that no machine has taken since."""
        return self.filter(gone_at__isnull=True, adopted_at__isnull=True)


class Stray(models.Model):
    """A server of the cloud that no living machine needs, as the last whole list had it: see machines.reconcile.strays."""

    class Kind(models.TextChoices):
        SECOND = "second", _("Left over from a machine of Minga; it is removed by itself")
        LOST = "lost", _("Made by Minga, but its machine is not known here")
        OTHER = "other", _("Made outside Minga")

    server_id = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.OTHER)
    machine_key = models.CharField(max_length=64, blank=True, default="")  # by the server's tag; '' without one
    owner_key = models.CharField(max_length=64, blank=True, default="")  # likewise
    name = models.CharField(max_length=255, blank=True, default="")
    status = models.CharField(max_length=10, blank=True, default="")
    project = models.CharField(max_length=64, blank=True, default="")
    flavor_name = models.CharField(max_length=255, blank=True, default="")
    vcpus = models.PositiveIntegerField(default=0)  # 0 here and below: unknown
    ram_mb = models.PositiveIntegerField(default=0)
    disk_gb = models.PositiveIntegerField(default=0)
    host = models.CharField(max_length=255, blank=True, default="")
    address = models.CharField(max_length=64, blank=True, default="")
    resets = models.PositiveIntegerField(default=0)  # as the cloud counts them: see cloud.contract.Server.resets
    restarts = models.PositiveIntegerField(default=0)  # likewise
    created_at = models.DateTimeField(null=True, blank=True)  # of the server
    seen_at = models.DateTimeField(default=timezone.now)  # since when it is a stray; a second one's grace begins here
    removed_at = models.DateTimeField(null=True, blank=True)  # when we last asked the cloud to delete it
    adopted_at = models.DateTimeField(null=True, blank=True)  # a machine has it now
    gone_at = models.DateTimeField(null=True, blank=True)  # it left the cloud

    objects = StrayQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["second", "lost", "other"]), name="stray_kind_known"),
        ]
