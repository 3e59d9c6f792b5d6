"""Named queries of machines: which live, which have something left to do, which are due a step."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Exists, OuterRef, Q
from django.db.models.sql.compiler import SQLCompiler

from cloud.contract import Status
from lib.compiled_queries import Given
from machines.states import COME_TRUE, State, Wanted

if TYPE_CHECKING:
    from machines.models.machine import Machine

ONCE = ("resets", "restarts", "ports", "moves", "rescues")  # pairs of counters that concern a running machine


_MISSED = Q(vanished=True, state=State.GONE, dismissed_at=None)


class Unsettled(models.Func):
    """Say whether a machine has something left to do: its wish, a chore, or what was asked once. The SQL of Machine.is_settled.

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
    # A failed machine waits for a person, unless a time for the next try is set.
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
        """Leave out machines that are gone."""
        return self.exclude(state=State.GONE)

    def in_bin(self) -> "MachineQuerySet":
        """Select machines in the recycle bin."""
        return self.alive().filter(binned_at__isnull=False)

    def not_in_bin(self) -> "MachineQuerySet":
        """Leave out the recycle bin. Machines that are gone stay in."""
        return self.filter(binned_at__isnull=True)

    def missed(self) -> "MachineQuerySet":
        """Select machines that disappeared although nobody here asked for it: their owners see them until they dismiss them."""
        return self.filter(_MISSED)

    def listed(self) -> "MachineQuerySet":
        """Select what the owner's list shows: all but the recycle bin, and machines that were deleted on request."""
        return self.not_in_bin().filter(~Q(state=State.GONE) | _MISSED)

    def with_parts(self) -> "MachineQuerySet":
        """Load template, image, size, course and owner in the same query, and with_keys."""
        parts = self.select_related("template__image", "template__flavor", "template__course", "owner")
        return parts.with_keys()

    def with_keys(self) -> "MachineQuerySet":
        """Note on each machine whether no key of a person is in its disk, the files of its owner's keys that are, and whether the
        portal's own is (see Machine).

        Of disks from before 0.4 nobody knows, so they are not keyless.
        """
        from machines.models.installed_key import InstalledKey
        from machines.models.portal_key import PortalKey

        disk = {"machine": OuterRef("pk"), "server_id": OuterRef("server_id"), "resets": OuterRef("cloud_resets")}
        own = PortalKey.objects.filter(**disk).exclude(server_id="")
        is_known, is_in = Exists(own.filter(by_hand=False)), Exists(own.exclude(public_key="").exclude(put_in_at=None))
        there = InstalledKey.objects.filter(**disk)
        made_here = there.filter(key__user=OuterRef("owner")).exclude(key__file_name="")
        files = made_here.order_by("-key__created_at", "-key_id").values("key__file_name")
        return self.annotate(keyless=is_known & ~Exists(there), lets_in=is_in, installed_files=ArraySubquery(files))

    def not_held(self) -> "MachineQuerySet":
        """Leave out machines that a restore holds: no loop acts on them before reconcile.after_restore.compare_with_cloud."""
        return self.filter(held_at__isnull=True)

    def unsettled(self) -> "MachineQuerySet":
        """Select machines that a worker has something to do for."""
        return self.not_held().filter(Unsettled())

    def due(self, now: datetime | Given) -> "MachineQuerySet":
        """Select unsettled machines that do not back off and are in no other worker's hands."""
        return self.unsettled().unclaimed(now).filter(Q(retry_at__isnull=True) | Q(retry_at__lte=now))

    def unclaimed(self, now: datetime | Given) -> "MachineQuerySet":
        """Select machines that no worker has claimed."""
        return self.filter(Q(claimed_until__isnull=True) | Q(claimed_until__lt=now))

    def waiting_before(self, machine: "Machine") -> "MachineQuerySet":
        """Select the machines whose turn for room comes before that of this machine."""
        waiting = self.not_held().filter(state=State.QUEUED).exclude(wanted=Wanted.GONE)
        return waiting.filter(queued_at__lt=machine.place_in_time)
