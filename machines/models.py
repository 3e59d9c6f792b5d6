"""A student's machine and what happened to it."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cloud.contract import Status
from courses.models import Template
from lib.notes import Note
from machines.progress import Progress, progress_of
from machines.states import COME_TRUE, MOVES, State, Wanted


def _unsettled() -> Q:
    """Rows whose wish has not come true, or that were asked for something else (a reset, a restart, a port)."""
    settled = Q(pk__in=[])
    for wanted, states in COME_TRUE.items():
        settled |= Q(wanted=wanted, state__in=[s.value for s in states])
    once = ~Q(resets_asked=F("resets_done")) | ~Q(restarts_asked=F("restarts_done")) | ~Q(ports_asked=F("ports_done"))
    pending = Q(wanted=Wanted.RUNNING, state=State.RUNNING) & once
    misnamed = ~Q(server_id="") & ~Q(names_asked=F("names_done"))
    # What failed waits for a person, unless a time for the next try is set.
    return (
        (~settled | pending | misnamed | (Q(adopting=True) & ~Q(cloud_status=Status.SHELVED)))
        & ~Q(state=State.GONE)
        & (~Q(state=State.FAILED) | Q(retry_at__isnull=False))
    )


class MachineQuerySet(models.QuerySet["Machine"]):
    def alive(self) -> "MachineQuerySet":
        return self.exclude(state=State.GONE)

    def visible_to(self, user: User) -> "MachineQuerySet":
        """Their own; all of them for an admin."""
        return self.all() if user.is_admin else self.filter(owner=user)

    def with_parts(self) -> "MachineQuerySet":
        return self.select_related("template__image", "template__flavor", "owner")

    def unsettled(self) -> "MachineQuerySet":
        return self.filter(_unsettled())

    def due(self, now: datetime) -> "MachineQuerySet":
        """Unsettled, not backing off, and not in another worker's hands."""
        return self.unsettled().filter(
            Q(retry_at__isnull=True) | Q(retry_at__lte=now), Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
        )

    def waiting_before(self, machine: "Machine") -> "MachineQuerySet":
        waiting = self.filter(state=State.QUEUED).exclude(wanted=Wanted.GONE)
        return waiting.filter(queued_at__lt=machine.place_in_time)


class Machine(models.Model):
    """`wanted` is written by actions, `state` by the stepper; the cloud's own words stand apart in `cloud_*`."""

    MOVES = MOVES

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="machines")
    template = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="machines")
    name = models.CharField(max_length=60)
    vnc_password = models.CharField(max_length=8, blank=True, default="")

    wanted = models.CharField(max_length=10, choices=Wanted.choices, default=Wanted.RUNNING)
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    state_since = models.DateTimeField(default=timezone.now)
    state_note = models.JSONField(default=dict, blank=True)
    # Things done once: how often asked, how often done. A pair that differs is still to do.
    resets_asked = models.PositiveIntegerField(default=0)
    resets_done = models.PositiveIntegerField(default=0)
    restarts_asked = models.PositiveIntegerField(default=0)
    restarts_done = models.PositiveIntegerField(default=0)
    ports_asked = models.PositiveIntegerField(default=0)
    ports_done = models.PositiveIntegerField(default=0)
    names_asked = models.PositiveIntegerField(default=0)
    names_done = models.PositiveIntegerField(default=0)
    adopting = models.BooleanField(default=False)  # its server was there before it: the cloud is still to be told

    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)  # how often a wish that the cloud accepted had to be repeated
    unheard = models.PositiveIntegerField(default=0)  # how often in a row the cloud did not answer
    retry_at = models.DateTimeField(null=True, blank=True)
    rung_at = models.DateTimeField(null=True, blank=True)  # when the sweep last rang for it

    server_id = models.CharField(max_length=64, blank=True, default="")
    # When the cloud last accepted a wish of ours; of a launch, when we began to ask: without it nothing can be there.
    asked_at = models.DateTimeField(null=True, blank=True)
    observed_at = models.DateTimeField(null=True, blank=True)  # when the list began that told what follows
    cloud_name = models.CharField(max_length=255, blank=True, default="")  # as the cloud last told it
    cloud_status = models.CharField(max_length=10, blank=True, default="")
    cloud_task = models.CharField(max_length=40, blank=True, default="")
    cloud_fault = models.TextField(blank=True, default="")
    cloud_full = models.BooleanField(default=False)
    cloud_resets = models.PositiveIntegerField(default=0)
    cloud_restarts = models.PositiveIntegerField(default=0)
    address = models.CharField(max_length=64, blank=True, default="")
    port_map = models.JSONField(default=dict, blank=True)
    host = models.CharField(max_length=120, blank=True, default="")
    project = models.CharField(max_length=64, blank=True, default="")

    created_at = models.DateTimeField(default=timezone.now)
    queued_at = models.DateTimeField(null=True, blank=True)
    build_started_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)

    objects = MachineQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(wanted__in=Wanted.values), name="machine_wanted_known"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="machine_state_known"),
            models.UniqueConstraint(
                fields=["server_id"], condition=~Q(server_id="") & ~Q(state="gone"), name="machine_one_per_server"
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-created_at"], condition=~Q(state="gone"), name="machine_alive_by_owner"),
            models.Index(fields=["retry_at"], condition=~Q(state="gone"), name="machine_alive_by_retry"),
            models.Index(
                fields=["template", "-ready_at"], condition=Q(ready_at__isnull=False), name="machine_ready_by_template"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.pk})"

    @property
    def note(self) -> Note:
        return Note.from_json(self.state_note)

    @property
    def has_come_true(self) -> bool:
        return self.state in COME_TRUE[self.wanted]

    @property
    def has_once(self) -> bool:
        """Asked for a reset, a restart or a port that is not done yet."""
        return (self.resets_asked, self.restarts_asked, self.ports_asked) != (
            self.resets_done,
            self.restarts_done,
            self.ports_done,
        )

    @property
    def is_misnamed(self) -> bool:
        """It was renamed here, and its server is still to be."""
        return bool(self.server_id) and self.names_asked != self.names_done

    @property
    def is_settled(self) -> bool:
        """Nothing will change until somebody wishes something."""
        if self.state in (State.GONE, State.FAILED):
            return self.state == State.GONE or self.retry_at is None
        once = self.must_take_in or self.is_misnamed or (self.state == State.RUNNING and self.has_once)
        return self.has_come_true and not once

    @property
    def must_take_in(self) -> bool:
        """Its server is still to be marked. A cloud may refuse that of one that is put away: it waits until that wakes."""
        return self.adopting and self.cloud_status != Status.SHELVED

    @property
    def is_fresh(self) -> bool:
        """Whether what we know of the cloud is newer than the last thing we asked of it."""
        return self.observed_at is not None and (self.asked_at is None or self.observed_at > self.asked_at)

    @property
    def owes_reset(self) -> bool:
        """A reset was asked for and the cloud shows no trace of it. A new server after a failure starts at none."""
        return self.resets_asked != self.resets_done and self.cloud_resets != self.resets_asked

    @property
    def owes_restart(self) -> bool:
        return self.restarts_asked != self.restarts_done and self.cloud_restarts != self.restarts_asked

    @property
    def is_up(self) -> bool:
        """Whether the cloud says: running, and nothing is being done to it."""
        return self.is_fresh and self.cloud_status == Status.ACTIVE and not self.cloud_task

    @property
    def place_in_time(self) -> datetime:
        """Since when it waits for room: from its launch, or from when it was woken."""
        return self.queued_at or (self.created_at if self.state == State.NEW else timezone.now())

    @property
    def ssh_user(self) -> str:
        return self.template.ssh_user

    def progress(self, now: datetime, typical: float | None = None) -> Progress:
        """How far it is; `typical` is what a launch of its template takes in seconds, where the caller knows it."""
        return progress_of(self, now, typical)

    def been_so_for(self, now: datetime) -> timedelta:
        return now - self.state_since

    def record_move(self, came_from: str, to: str, note: Note, *, by: User | None = None) -> None:
        """Called by lib.states.move, in its transaction."""
        Event.objects.create(
            machine=self, kind=Event.Kind.MOVED, by=by, from_state=came_from, to_state=to, stored_note=note.as_json()
        )

    def record(self, kind: str, note: Note, *, by: User | None = None) -> None:
        Event.objects.create(
            machine=self, kind=kind, by=by, from_state=self.state, to_state=self.state, stored_note=note.as_json()
        )


class Event(models.Model):
    """One line of a machine's history."""

    class Kind(models.TextChoices):
        WISHED = "wished"  # a person (or, where `by` is empty, the cloud's own people) wanted something
        MOVED = "moved"  # the state changed
        NOTED = "noted"  # something worth telling

    machine = models.ForeignKey(Machine, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    from_state = models.CharField(max_length=10)
    to_state = models.CharField(max_length=10)
    stored_note = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["machine", "-at"], name="event_by_machine")]

    @property
    def note(self) -> Note:
        return Note.from_json(self.stored_note)


class Watch(models.Model):
    """The one row that says when the cloud was last listed, and by what cursor to go on."""

    cursor = models.TextField(blank=True, default="")
    listed_at = models.DateTimeField(null=True, blank=True)
    steady_since = models.DateTimeField(null=True, blank=True)  # since when every list has worked; None while none does
    whole_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    took_seconds = models.FloatField(default=0)
    room = models.JSONField(default=dict, blank=True)  # what the cluster has free, as the cloud last told
    cloud_identity = models.CharField(
        max_length=200, blank=True, default=""
    )  # of the first list; see machines.one_cloud
    no_removal_until = models.DateTimeField(null=True, blank=True)  # after a restore: an admin looks at strays first

    @classmethod
    def the_one(cls) -> "Watch":
        return cls.objects.get_or_create(pk=1)[0]


class StrayQuerySet(models.QuerySet["Stray"]):
    def open(self) -> "StrayQuerySet":
        """Those that the last whole list had and that no machine has taken since."""
        return self.filter(gone_at__isnull=True, adopted_at__isnull=True)


class Stray(models.Model):
    """A server of the cloud that no living machine needs, as the last whole list told it: see machines.strays."""

    class Kind(models.TextChoices):
        SECOND = "second", _("Left over from a machine of Minga; it is removed by itself")
        LOST = "lost", _("Made by Minga, but its machine is not known here")
        OTHER = "other", _("Made outside Minga")

    server_id = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.OTHER)
    machine_key = models.CharField(max_length=64, blank=True, default="")  # by the server's mark; '' without one
    owner_key = models.CharField(max_length=64, blank=True, default="")  # likewise
    name = models.CharField(max_length=255, blank=True, default="")
    status = models.CharField(max_length=10, blank=True, default="")
    project = models.CharField(max_length=64, blank=True, default="")
    flavor_name = models.CharField(max_length=255, blank=True, default="")
    vcpus = models.PositiveIntegerField(default=0)  # 0 here and below: the cloud did not tell
    ram_mb = models.PositiveIntegerField(default=0)
    disk_gb = models.PositiveIntegerField(default=0)
    host = models.CharField(max_length=255, blank=True, default="")
    address = models.CharField(max_length=64, blank=True, default="")
    resets = models.PositiveIntegerField(default=0)  # how many it has been through: see Server.resets
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


def status_fields(server: Any, at: datetime) -> dict[str, Any]:
    """The columns that take over what a cloud.contract.Server says, as of `at` (our clock)."""
    return {
        "observed_at": at,
        "cloud_name": server.name[:255],
        "cloud_status": server.status,
        "cloud_task": server.task[:40],
        "cloud_fault": server.fault,
        "cloud_full": server.full,
        "cloud_resets": server.resets,
        "cloud_restarts": server.restarts,
        "address": server.address,
        "port_map": {str(k): v for k, v in getattr(server, "port_map", {}).items()},
        "host": server.host,
        "project": server.project,
    }
