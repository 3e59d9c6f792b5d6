"""A student's machine and what happened to it."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from accounts.models import User
from cloud.contract import Status
from courses.models import Template
from lib import events
from lib.notes import Note
from machines.progress import Progress, progress_of
from machines.states import COME_TRUE, MOVES, TOWARDS, Refused, Repair, Setup, State, Wanted

MISSED = timedelta(days=14)  # how long one that vanished stays in its owner's lists
ONCE = ("resets", "restarts", "ports", "moves", "rescues")  # pairs of counters that concern one that runs

LEAVING = ("restarts", "moves", "rescues")  # of those, what it does not run through


class Unsettled(models.Func):
    """Whether a row's wish has not come true, or it was asked for something else (a reset, a restart, a port): see Machine.is_settled.

    Written in SQL, because every turn of the sweep asks for it several times: from forty Q objects Django needs 1.3 ms to make the same text.
    """

    output_field = models.BooleanField()
    names = (
        "wanted", "state", "retry_at", "server_id", "names_asked", "names_done", "adopting", "cloud_status",
        *(f"{name}_{end}" for name in ONCE for end in ("asked", "done")),
    )  # fmt: skip
    come_true = ", ".join(
        f"('{wanted}', '{state}')" for wanted, states in COME_TRUE.items() for state in sorted(states)
    )
    once = " OR ".join(f"{{{name}_asked}} <> {{{name}_done}}" for name in ONCE)
    # What failed waits for a person, unless a time for the next try is set.
    text = f"""(
        {{state}} <> '{State.GONE}' AND ({{state}} <> '{State.FAILED}' OR {{retry_at}} IS NOT NULL) AND (
            ({{wanted}}, {{state}}) NOT IN ({come_true})
            OR ({{wanted}} = '{Wanted.RUNNING}' AND {{state}} = '{State.RUNNING}' AND ({once}))
            OR ({{server_id}} <> '' AND {{names_asked}} <> {{names_done}})
            OR ({{adopting}} AND {{cloud_status}} <> '{Status.SHELVED}')
        )
    )"""

    def __init__(self) -> None:
        super().__init__(*self.names)

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_rest: Any, **_named: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        columns = [compiler.compile(source)[0] for source in self.get_source_expressions()]
        return self.text.format(**dict(zip(self.names, columns, strict=True))), ()


class MachineQuerySet(models.QuerySet["Machine"]):
    def alive(self) -> "MachineQuerySet":
        return self.exclude(state=State.GONE)

    def in_bin(self) -> "MachineQuerySet":
        return self.alive().filter(binned_at__isnull=False)

    def not_in_bin(self) -> "MachineQuerySet":
        return self.filter(binned_at__isnull=True)

    def missed(self, now: datetime) -> "MachineQuerySet":
        """Gone without anybody's wish here, not long ago: their owners shall still find them."""
        return self.filter(vanished=True, state=State.GONE, gone_at__gt=now - MISSED)

    def with_parts(self) -> "MachineQuerySet":
        return self.select_related("template__image", "template__flavor", "template__course", "owner")

    def unsettled(self) -> "MachineQuerySet":
        return self.filter(Unsettled())

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
    # Columns of which no page shows anything: lib.states.write tells open pages of all others.
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
    # Things done once: how often asked, how often done. A pair that differs is still to do.
    resets_asked = models.PositiveIntegerField(default=0)
    resets_done = models.PositiveIntegerField(default=0)
    restarts_asked = models.PositiveIntegerField(default=0)
    restarts_done = models.PositiveIntegerField(default=0)
    ports_asked = models.PositiveIntegerField(default=0)
    ports_done = models.PositiveIntegerField(default=0)
    moves_asked = models.PositiveIntegerField(default=0, db_default=0)  # to another computer of the cluster
    moves_done = models.PositiveIntegerField(default=0, db_default=0)
    moved_from = models.CharField(max_length=120, blank=True, default="", db_default="")  # its host when that was asked
    rescues_asked = models.PositiveIntegerField(default=0, db_default=0)
    rescues_done = models.PositiveIntegerField(default=0, db_default=0)
    names_asked = models.PositiveIntegerField(default=0)
    names_done = models.PositiveIntegerField(default=0)
    adopting = models.BooleanField(default=False)  # its server was there before it: the cloud is still to be told

    repair = models.CharField(max_length=10, choices=Repair.choices, blank=True, default="", db_default="")
    builds_failed = models.PositiveIntegerField(default=0, db_default=0)  # in a row; see lifecycle.MOST_BUILDS
    # A server whose build failed, written before it is deleted: so nobody takes its end for somebody else's deed.
    failed_server = models.CharField(max_length=64, blank=True, default="", db_default="")

    # A refusal is kept here until it was seen: `state_note` goes with the state. See refusals.kept.
    refused = models.CharField(max_length=10, choices=Refused.choices, blank=True, default="", db_default="")
    refused_note = models.JSONField(default=dict, blank=True, db_default={})

    # Its first boot, see machines.first_boot.
    setup = models.CharField(max_length=10, choices=Setup.choices, blank=True, default="", db_default="")
    setup_line = models.CharField(max_length=200, blank=True, default="", db_default="")  # the last of its console
    setup_fault = models.CharField(max_length=200, blank=True, default="", db_default="")  # the first that says: failed
    setup_since = models.DateTimeField(null=True, blank=True)  # when it was looked at first
    setup_next_at = models.DateTimeField(null=True, blank=True)  # when it is looked at again; None: no more
    setup_seen = models.BooleanField(default=False, db_default=False)  # its owner knows how it ended

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
    cloud_moves = models.PositiveIntegerField(default=0, db_default=0)
    cloud_resets = models.PositiveIntegerField(default=0)
    cloud_restarts = models.PositiveIntegerField(default=0)
    address = models.CharField(max_length=64, blank=True, default="")
    port_map = models.JSONField(default=dict, blank=True)
    host = models.CharField(max_length=120, blank=True, default="")
    project = models.CharField(max_length=64, blank=True, default="")

    # Archived: its disk is an image of the cloud, and no server is left.
    archive_id = models.CharField(max_length=64, blank=True, default="")  # nothing was written to its disk since
    archive_name = models.CharField(max_length=100, blank=True, default="")  # of one that is being made
    used_at = models.DateTimeField(default=timezone.now)  # when anybody last used it; the long ages count from here
    binned_at = models.DateTimeField(null=True, blank=True)  # its owner deleted it; it can be had back for some days

    created_at = models.DateTimeField(default=timezone.now)
    queued_at = models.DateTimeField(null=True, blank=True)
    # How often in a row the cloud took its launch and then found no host for it. 0 again once it has one.
    full_tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    build_started_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)  # since when it runs on this disk; anew after a restore
    # Written once: a launch ended then. created_at itself for what was never launched here (adopted, restored).
    first_ready_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)
    vanished = models.BooleanField(default=False, db_default=False)  # gone, and not by a wish of ours

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
        """What the cloud refused and nobody has seen yet; empty where there is nothing."""
        return Note.from_json(self.refused_note) if self.refused else Note()

    @property
    def has_come_true(self) -> bool:
        return self.state in COME_TRUE[self.wanted]

    @property
    def has_once(self) -> bool:
        """Asked for a reset, a restart, a port, a move or a rescue that is not done yet."""
        return any(getattr(self, f"{name}_asked") != getattr(self, f"{name}_done") for name in ONCE)

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
    def state_on_the_way(self) -> str:
        """The state, or where it goes as soon as a worker takes up what was asked: never the old one of a wish just written."""
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
    def owes_move(self) -> bool:
        return self.moves_asked != self.moves_done

    @property
    def is_deleted(self) -> bool:
        """Whether the cloud says that its server is no more."""
        return self.is_fresh and self.cloud_status == Status.DELETED

    @property
    def is_broken(self) -> bool:
        """Whether the cloud says: in error, and nothing is being done about it."""
        return self.is_fresh and self.cloud_status == Status.ERROR and not self.cloud_task

    @property
    def is_up(self) -> bool:
        """Whether the cloud says: running, and nothing is being done to it."""
        return self.is_fresh and self.cloud_status == Status.ACTIVE and not self.cloud_task

    @property
    def never_ran(self) -> bool:
        """Nothing of its owner's is in it, so there is nothing to keep."""
        is_unborn = self.state in (State.NEW, State.QUEUED, State.BUILDING, State.FAILED) and self.ready_at is None
        return not self.archive_id and (is_unborn or (self.state == State.FAILED and not self.server_id))

    @property
    def lets_go(self) -> bool:
        """Whether the server shall be deleted: that is the wish, its disk is archived, or its build failed."""
        is_kept = self.state == State.ARCHIVING and bool(self.archive_id)
        return self.wanted == Wanted.GONE or is_kept or (bool(self.server_id) and self.server_id == self.failed_server)

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
        events.publish("machine", self.pk)


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


def status_fields(server: Any, at: datetime) -> dict[str, Any]:
    """The columns that take over what a cloud.contract.Server says, as of `at` (our clock)."""
    return {
        "observed_at": at,
        "cloud_name": server.name[:255],
        "cloud_status": server.status,
        "cloud_task": server.task[:40],
        "cloud_fault": server.fault,
        "cloud_full": server.full,
        "cloud_moves": server.moves,
        "cloud_resets": server.resets,
        "cloud_restarts": server.restarts,
        "address": server.address,
        "port_map": {str(k): v for k, v in getattr(server, "port_map", {}).items()},
        "host": server.host,
        "project": server.project,
    }
