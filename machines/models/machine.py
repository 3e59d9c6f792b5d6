"""A student's machine."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.audit import trail
from accounts.models import User
from cloud.contract import Status
from courses.models import Template
from lib import events
from lib.notes import Note
from machines.models.event import Event
from machines.models.machine_queries import ONCE, MachineQuerySet
from machines.states import COME_TRUE, MOVES, TOWARDS, Refused, Repair, Setup, State, Wanted

LEAVING = ("restarts", "moves", "rescues")  # of ONCE: what a machine does not go on running through


class Machine(models.Model):
    """`wanted` is written by actions, `state` by the stepper; the cloud's own words stand apart in `cloud_*`."""

    MOVES = MOVES
    # Columns of which no page shows anything: lib.states.write announces all others to open pages.
    UNSEEN = frozenset(
        {"retry_at", "rung_at", "attempts", "unheard", "asked_at", "used_at", "archive_name", "full_tries"}
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="machines")
    template = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="machines")
    name = models.CharField(max_length=60)
    name_key = models.TextField(null=True, blank=True)  # see lib.names.name_key; None: written by a version before 0.3
    vnc_password = models.CharField(max_length=8, blank=True, default="")

    wanted = models.CharField(max_length=10, choices=Wanted.choices, default=Wanted.RUNNING)
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    state_since = models.DateTimeField(default=timezone.now)
    state_note = models.JSONField(default=dict, blank=True)
    # Pairs of counters: how often asked, how often done. A pair that differs is still to do.
    resets_asked = models.PositiveIntegerField(default=0)
    resets_done = models.PositiveIntegerField(default=0)
    restarts_asked = models.PositiveIntegerField(default=0)
    restarts_done = models.PositiveIntegerField(default=0)
    ports_asked = models.PositiveIntegerField(default=0)
    ports_done = models.PositiveIntegerField(default=0)
    moves_asked = models.PositiveIntegerField(default=0, db_default=0)  # to another computer of the cluster
    moves_done = models.PositiveIntegerField(default=0, db_default=0)
    moved_from = models.CharField(max_length=120, blank=True, default="", db_default="")  # its host when that was asked
    from_dead_host = models.BooleanField(default=False, db_default=False)  # the move that it owes: its host is dead
    rescues_asked = models.PositiveIntegerField(default=0, db_default=0)
    rescues_done = models.PositiveIntegerField(default=0, db_default=0)
    names_asked = models.PositiveIntegerField(default=0)
    names_done = models.PositiveIntegerField(default=0)
    adopting = models.BooleanField(default=False)  # its server existed before it, and is still to be tagged

    repair = models.CharField(max_length=10, choices=Repair.choices, blank=True, default="", db_default="")
    builds_failed = models.PositiveIntegerField(default=0, db_default=0)  # in a row; see stepper.build.MOST_BUILDS
    # A server whose build failed. Written before it is deleted, so that its end does not count as somebody else's deed.
    failed_server = models.CharField(max_length=64, blank=True, default="", db_default="")

    # A refusal is kept here until it was seen: `state_note` goes with the state. See refusals.kept.
    refused = models.CharField(max_length=10, choices=Refused.choices, blank=True, default="", db_default="")
    refused_note = models.JSONField(default=dict, blank=True, db_default={})

    # Its first boot, see machines.stepper.first_boot.
    setup = models.CharField(max_length=10, choices=Setup.choices, blank=True, default="", db_default="")
    setup_line = models.CharField(max_length=200, blank=True, default="", db_default="")  # the last line of its console
    # The first line of its console about a failure.
    setup_fault = models.CharField(max_length=200, blank=True, default="", db_default="")
    setup_since = models.DateTimeField(null=True, blank=True)  # first look at its console
    setup_next_at = models.DateTimeField(null=True, blank=True)  # next look; None: no more
    setup_seen = models.BooleanField(default=False, db_default=False)  # its owner knows how it ended

    claimed_until = models.DateTimeField(null=True, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)  # by a restore, see reconcile.after_restore; None: not held
    attempts = models.PositiveIntegerField(default=0)  # how often a wish that the cloud accepted had to be repeated
    # How often in a row the cloud did not answer.
    cloud_errors = models.PositiveIntegerField(default=0, db_column="unheard")
    retry_at = models.DateTimeField(null=True, blank=True)
    enqueued_at = models.DateTimeField(null=True, blank=True, db_column="rung_at")  # when the sweep last rang for it

    server_id = models.CharField(max_length=64, blank=True, default="")
    # When the cloud last accepted a request of ours. For a launch: when we began to ask; None means that no server can exist.
    asked_at = models.DateTimeField(null=True, blank=True)
    observed_at = models.DateTimeField(null=True, blank=True)  # when the list began from which the columns below are
    cloud_name = models.CharField(max_length=255, blank=True, default="")  # as the cloud last said
    cloud_status = models.CharField(max_length=10, blank=True, default="")
    cloud_task = models.CharField(max_length=40, blank=True, default="")
    cloud_fault = models.TextField(blank=True, default="")
    cloud_full = models.BooleanField(default=False)
    cloud_moves = models.PositiveIntegerField(default=0, db_default=0)
    cloud_resets = models.PositiveIntegerField(default=0)
    cloud_restarts = models.PositiveIntegerField(default=0)
    address = models.CharField(max_length=64, blank=True, default="")
    port_map = models.JSONField(default=dict, blank=True)
    host = models.CharField(max_length=120, blank=True, default="")
    project = models.CharField(max_length=64, blank=True, default="")

    # Archived: its disk is an image of the cloud, and no server is left.
    # Empty again as soon as anything writes to its disk.
    archive_id = models.CharField(max_length=64, blank=True, default="")
    archive_name = models.CharField(max_length=100, blank=True, default="")  # of an image that is being made
    used_at = models.DateTimeField(default=timezone.now)  # when anybody last used it; the long ages count from here
    binned_at = models.DateTimeField(null=True, blank=True)  # its owner deleted it; it can be had back for some days

    created_at = models.DateTimeField(default=timezone.now)
    queued_at = models.DateTimeField(null=True, blank=True)
    # How often in a row the cloud took its launch and then found no host for it. 0 again once it has one.
    full_tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    build_started_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)  # since when it runs on this disk; set again by a restore
    # Written once: a launch ended then. created_at itself for what was never launched here (adopted, restored).
    first_ready_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)
    vanished = models.BooleanField(default=False, db_default=False)  # gone, and not by a wish of ours
    dismissed_at = models.DateTimeField(null=True, blank=True)  # of one that vanished: its owner has read so

    objects = MachineQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(wanted__in=Wanted.values), name="machine_wanted_known"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="machine_state_known"),
            models.UniqueConstraint(
                fields=["server_id"], condition=~Q(server_id="") & ~Q(state="gone"), name="machine_one_per_server"
            ),
            models.UniqueConstraint(
                fields=["owner", "name_key"], condition=~Q(wanted="gone"), name="machine_name_once_per_person"
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-created_at"], condition=~Q(state="gone"), name="machine_alive_by_owner"),
            models.Index(
                fields=["setup_next_at"], condition=Q(setup_next_at__isnull=False), name="machine_setup_by_next_look"
            ),
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
    def refusal(self) -> Note:
        """The cloud's last refusal that nobody has seen yet; empty where there is none."""
        return Note.from_json(self.refused_note) if self.refused else Note()

    @property
    def is_keyless(self) -> bool:
        """Say whether nobody has a key to it, as far as is known. False for a row that was not read by MachineQuerySet.with_keys."""
        return bool(self.__dict__.get("keyless", False))

    # Whether the portal's own key is in its disk. False for a row as above.
    lets_portal_in = property(lambda self: bool(self.__dict__.get("lets_in", False)))

    @property
    def key_files(self) -> list[str]:
        """Names of its owner's private keys that were made here and open it, the newest first. [] for a row as above."""
        return list(self.__dict__.get("installed_files", ()))

    @property
    def has_come_true(self) -> bool:
        return self.state in COME_TRUE[self.wanted]

    @property
    def has_once(self) -> bool:
        """Asked for a reset, a restart, a port, a move or a rescue that is not done yet."""
        return any(getattr(self, f"{name}_asked") != getattr(self, f"{name}_done") for name in ONCE)

    @property
    def is_misnamed(self) -> bool:
        """Say whether the machine was renamed here, and its server is still to be."""
        return bool(self.server_id) and self.names_asked != self.names_done

    @property
    def is_settled(self) -> bool:
        """Say whether nothing will change until somebody wishes something."""
        if self.state in (State.GONE, State.FAILED):
            return self.state == State.GONE or self.retry_at is None
        once = self.must_adopt or self.is_misnamed or (self.state == State.RUNNING and self.has_once)
        return self.has_come_true and not once

    @property
    def state_on_the_way(self) -> str:
        """The state that is next as soon as a worker takes up what was asked: never the old one of a wish just written."""
        if self.is_settled:
            return self.state
        if self.state == State.RUNNING and self.wanted == Wanted.RUNNING:
            return self._on_the_way_from_running()
        return TOWARDS.get((State(self.state), Wanted(self.wanted)), State(self.state))

    def _on_the_way_from_running(self) -> str:
        if self.resets_asked != self.resets_done:
            return State.BUILDING
        is_left = any(getattr(self, f"{name}_asked") != getattr(self, f"{name}_done") for name in LEAVING)
        return State.WAKING if is_left else State.RUNNING

    @property
    def must_adopt(self) -> bool:
        """Say whether its server is still to be tagged. A cloud may refuse that of a shelved server: it waits until that wakes."""
        return self.adopting and self.wanted != Wanted.GONE and self.cloud_status != Status.SHELVED

    @property
    def is_fresh(self) -> bool:
        """Say whether what we know of the cloud is newer than the last thing we asked of it."""
        return self.observed_at is not None and (self.asked_at is None or self.observed_at > self.asked_at)

    @property
    def owes_reset(self) -> bool:
        """Say whether a reset was asked for and the cloud shows no trace of it. A new server after a failure starts at none."""
        return self.resets_asked != self.resets_done and self.cloud_resets != self.resets_asked

    @property
    def owes_restart(self) -> bool:
        return self.restarts_asked != self.restarts_done and self.cloud_restarts != self.restarts_asked

    @property
    def owes_move(self) -> bool:
        return self.moves_asked != self.moves_done

    @property
    def is_deleted(self) -> bool:
        """Say whether the cloud says that its server is gone."""
        return self.is_fresh and self.cloud_status == Status.DELETED

    @property
    def is_broken(self) -> bool:
        """Say whether the cloud says: in error, and nothing is being done about it."""
        return self.is_fresh and self.cloud_status == Status.ERROR and not self.cloud_task

    @property
    def is_up(self) -> bool:
        """Say whether the cloud says: running, and nothing is being done to it."""
        return self.is_fresh and self.cloud_status == Status.ACTIVE and not self.cloud_task

    @property
    def never_ran(self) -> bool:
        """Say whether nothing of its owner's is in it, so that there is nothing to keep."""
        is_unborn = self.state in (State.NEW, State.QUEUED, State.BUILDING, State.FAILED) and self.ready_at is None
        return not self.archive_id and (is_unborn or (self.state == State.FAILED and not self.server_id))

    @property
    def should_be_deleted(self) -> bool:
        """Say whether the server shall be deleted: that is the wish, its disk is archived, or its build failed."""
        is_kept = self.state == State.ARCHIVING and bool(self.archive_id)
        return self.wanted == Wanted.GONE or is_kept or (bool(self.server_id) and self.server_id == self.failed_server)

    @property
    def place_in_time(self) -> datetime:
        """The time since which the machine waits for room: its launch, or when it was woken."""
        return self.queued_at or (self.created_at if self.state == State.NEW else timezone.now())

    @property
    def is_missed(self) -> bool:
        """Say whether it vanished, and its owner still finds it in their lists. The SQL: MachineQuerySet.missed."""
        return self.state == State.GONE and self.vanished and self.dismissed_at is None

    def owner_for(self, reader: User | None) -> str:
        """Return what somebody else calls its owner; '' where the reader is the owner (None), who reads “you”."""
        return "" if reader is None or reader.pk == self.owner_id else self.owner.short_name

    @property
    def ssh_user(self) -> str:
        return self.template.ssh_user

    def time_in_state(self, now: datetime) -> timedelta:
        return now - self.state_since

    def audit(self, verb: str, *, by: User | None, detail: dict[str, Any] | None = None) -> None:
        """Write into the audit log what somebody else than the owner did to it; by None: a command on the server."""
        trail.record(
            by=by, verb=verb, whom=self.owner_id, thing=trail.Thing("machine", self.pk, self.name), detail=detail
        )

    def record_move(self, came_from: str, to: str, note: Note, *, by: User | None = None) -> None:
        """Write a move into the history; lib.states.move calls this, in its transaction."""
        Event.objects.create(
            machine=self, kind=Event.Kind.MOVED, by=by, from_state=came_from, to_state=to, stored_note=note.as_json()
        )

    def record(self, kind: str, note: Note, *, by: User | None = None, verb: str = "change") -> None:
        """Write a line into the history; into the audit log, too, where somebody else than the owner did it (`verb`)."""
        Event.objects.create(
            machine=self, kind=kind, by=by, from_state=self.state, to_state=self.state, stored_note=note.as_json()
        )
        if by is not None:
            self.audit(verb, by=by, detail={"note": note.as_json()})
        events.publish("machine", self.pk)
