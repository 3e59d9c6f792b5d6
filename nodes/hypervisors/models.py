"""A node, what happened to it, the times in which it was up, which computer it is, and what it carried."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class Node(models.Model):
    """A computer of the cluster in its role as hypervisor, as the cloud last told of it. It stays when the cloud lists it no more."""

    name = models.CharField(max_length=255, unique=True)  # as in cloud.contract.Host and Server.host
    up = models.BooleanField(default=True)
    enabled = models.BooleanField(default=True)
    fenced = models.BooleanField(default=False)  # said to be off: nothing of it runs
    note = models.CharField(max_length=255, blank=True, default="")  # why it is disabled
    weight = models.FloatField(default=1, db_default=1)  # see cloud.contract.Hosts.set_host_weight
    vcpus = models.PositiveIntegerField(default=0)
    vcpus_used = models.PositiveIntegerField(default=0)
    ram_mb = models.PositiveIntegerField(default=0)
    ram_mb_used = models.PositiveIntegerField(default=0)
    disk_gb = models.PositiveIntegerField(default=0)
    disk_gb_used = models.PositiveIntegerField(default=0)
    servers = models.PositiveIntegerField(default=0)
    heard_at = models.DateTimeField(null=True, blank=True)  # its last report, by the cloud's clock; None: not told
    heard_anew_at = models.DateTimeField(null=True, blank=True)  # by ours: the last look that found a new report
    # The load of the last 1, 5 and 15 minutes; None: it does not tell.
    load_1 = models.FloatField(null=True, blank=True)
    load_5 = models.FloatField(null=True, blank=True)
    load_15 = models.FloatField(null=True, blank=True)
    seen_at = models.DateTimeField()  # the last look
    first_seen_at = models.DateTimeField(default=timezone.now)
    since = models.DateTimeField(null=True, blank=True)  # it is up and enabled, or not, as now; None: since it was seen
    listed = models.BooleanField(default=True)  # the cloud still has it
    maintained_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["Node"]] = models.Manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def load(self) -> list[float] | None:
        """Return the load of the last 1, 5 and 15 minutes; None where the node does not tell it."""
        found = [each for each in (self.load_1, self.load_5, self.load_15) if each is not None]
        return found if self.up and len(found) == 3 else None


class NodeEvent(models.Model):
    """A thing that happened to a node: seen by the worker, or done by staff."""

    class Kind(models.TextChoices):
        SEEN = "seen", _("Seen for the first time")
        UP = "up", _("Answers again")
        DOWN = "down", _("Does not answer")
        ENABLED = "enabled", _("Takes new machines again")
        DISABLED = "disabled", _("Takes no new machines")
        LAST = "last", _("New machines go there last, for its disks")
        USUAL = "usual", _("New machines go there as to other nodes again")
        UNLISTED = "unlisted", _("Is no longer in the cloud's list")
        LISTED = "listed", _("Is in the cloud's list again")
        TIED = "tied", _("Computer tied")
        UNTIED = "untied", _("Computer untied")
        MAINTAINED = "maintained", _("Maintained")
        EMPTYING = "emptying", _("Its machines leave it, for maintenance")
        DEAD = "dead", _("Declared dead: switched off, and its machines start elsewhere")
        BACK = "back", _("Back in service")

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    note = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "seen", "up", "down", "enabled", "disabled", "unlisted", "listed", "tied", "untied", "maintained",
                        "emptying", "dead", "back", "last", "usual",
                    ]
                ),
                name="node_event_kind_known",
            )
        ]  # fmt: skip
        indexes = [models.Index(fields=["node", "-id"], name="node_event_by_node")]


class Emptying(models.Model):
    """A time in which a node carries no machines: it is maintained, or dead. settled_at: the cloud has taken it back since."""

    class Kind(models.TextChoices):
        MAINTENANCE = "maintenance", _("Maintenance")
        DEAD = "dead", _("Dead")

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="emptyings")
    kind = models.CharField(max_length=11, choices=Kind.choices)
    why = models.CharField(max_length=200, blank=True, default="")  # the cloud shows it, too
    began_at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    empty_by = models.DateTimeField()  # until then owners choose when their machines are moved
    was_enabled = models.BooleanField(default=True)  # so it takes machines again afterwards
    ended_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)  # by a worker: the cloud is told by one at a time

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["maintenance", "dead"]), name="emptying_kind_known"),
            models.UniqueConstraint(fields=["node"], condition=Q(settled_at=None), name="node_is_emptied_once"),
        ]


class NodeSpell(models.Model):
    """A time in which a node was seen up, from the first look to the last. Hours are computed from these rows alone."""

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="spells")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ended_at__gte=F("began_at")), name="node_spell_ends_after_it_began")
        ]
        indexes = [models.Index(fields=["node", "-ended_at"], name="node_spell_by_node")]

    @property
    def interval(self) -> tuple[datetime, datetime]:
        return self.began_at, self.ended_at


class NodeTie(models.Model):
    """A tie: the given computer that a node is, from one time to another. `until`: None while it is so."""

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="ties")
    computer = models.ForeignKey("nodes.Computer", on_delete=models.PROTECT, related_name="ties")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["node"], condition=Q(until=None), name="node_is_one_computer"),
            models.UniqueConstraint(fields=["computer"], condition=Q(until=None), name="computer_is_one_node"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="node_tie_ends_after_it_began"
            ),
        ]


class ServedMonth(models.Model):
    """The ledger: seconds for which a node was up in a month, as one computer or as none. See nodes.hypervisors.hours."""

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="months")
    computer = models.ForeignKey(
        "nodes.Computer", null=True, blank=True, on_delete=models.PROTECT, related_name="served"
    )
    month = models.DateField()  # its first day, in the site's zone
    seconds = models.PositiveIntegerField()

    class Meta:
        ordering = ["month", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["node", "month", "computer"], name="served_once_a_month", nulls_distinct=False
            )
        ]
        indexes = [models.Index(fields=["computer", "month"], name="served_by_computer")]


class CarriedMonth(models.Model):
    """A machine that a node carried in a month. Written from above: what `holder` and `person` are, is not known here.

    holder: the machine's id. person: its owner's number, which stays when the person is removed: it names nobody then, and past sums hold.
    """

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="carried")
    computer = models.ForeignKey(
        "nodes.Computer", null=True, blank=True, on_delete=models.PROTECT, related_name="carried"
    )
    month = models.DateField()  # its first day, in the site's zone
    holder = models.UUIDField()
    person = models.BigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    seconds = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["node", "month", "holder", "computer"], name="carried_once_a_month", nulls_distinct=False
            )
        ]
        indexes = [models.Index(fields=["computer", "month"], name="carried_by_computer")]


class ClusterHour(models.Model):
    """The cluster in one hour: nodes and room at the last look, and the most that was used."""

    at = models.DateTimeField(unique=True)  # when the hour began
    nodes = models.PositiveIntegerField(default=0)
    nodes_up = models.PositiveIntegerField(default=0)  # and enabled
    vcpus = models.PositiveIntegerField(default=0)
    vcpus_used = models.PositiveIntegerField(default=0)
    ram_mb = models.PositiveIntegerField(default=0)
    ram_mb_used = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["at"]
