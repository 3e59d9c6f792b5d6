"""Ask for one verb for many machines: choose them, say in numbers what will change, and start.

The set is fixed when the numbers are shown: the run concerns those machines that the verb fitted then, and no others.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from accounts.models import User
from lib import doorbell
from lib.notes import Refusal
from machines.models import BulkItem, BulkRun, Machine, MachineQuerySet
from machines.rules import allowed
from machines.states import State, Wanted
from machines.verbs import Verb

KEEP_AWAKE = "keep_awake"
# In the order in which they are offered.
VERBS: tuple[str, ...] = (
    Verb.SUSPEND, Verb.WAKE, KEEP_AWAKE, Verb.RESTART, Verb.SHELVE, Verb.ARCHIVE, Verb.BIN, Verb.DELETE,
)  # fmt: skip
LABELS: dict[str, Any] = {
    **{verb: verb.label for verb in (Verb.SUSPEND, Verb.WAKE, Verb.RESTART, Verb.SHELVE, Verb.ARCHIVE)},
    KEEP_AWAKE: gettext_lazy("Keep awake"),
    Verb.BIN: gettext_lazy("Put into the recycle bin"),
    Verb.DELETE: gettext_lazy("Delete for good"),
}
MOST = 5_000  # machines of one run
BATCH = 1_000  # rows of one insert
HOLDS = timedelta(minutes=10)  # a preview; older numbers are not acted on
BIN = "bin"  # why a machine is left alone: it is in the recycle bin
LONGEST_AWAKE = timedelta(days=7)


class BulkRefused(Refusal):
    """The choice cannot be acted on."""

    code = "bulk_refused"


@transaction.atomic
def prepare(*, machines: MachineQuerySet, verb: str, by: User, query: str = "") -> BulkRun:
    """Fix the machines, and count what the verb would change. Raises BulkRefused for none, and for too many."""
    rows = list(machines.order_by("pk")[: MOST + 1])
    if not rows:
        raise BulkRefused(_("Choose at least one machine."))
    if len(rows) > MOST:
        raise BulkRefused(_("At most %(most)s machines at once: narrow the filters."), {"most": MOST})
    fitting = [row for row in rows if fits(row, verb)]
    left = Counter(_why_left(row) for row in rows if not fits(row, verb))
    run = BulkRun.objects.create(verb=verb, by=by, chosen=len(rows), left=left, query=query[:600])
    BulkItem.objects.bulk_create((BulkItem(run=run, machine=row) for row in fitting), batch_size=BATCH)
    return run


def fits(machine: Machine, verb: str) -> bool:
    """Say whether the verb would change this machine now."""
    if verb == KEEP_AWAKE:
        return machine.wanted == Wanted.RUNNING and machine.state not in (State.FAILED, State.GONE)
    return verb in allowed(machine)


def _why_left(machine: Machine) -> str:
    return BIN if machine.binned_at and machine.wanted != Wanted.GONE else machine.state_on_the_way


@transaction.atomic
def start(*, run: BulkRun, by: User, until: datetime | None = None, address: str = "") -> None:
    """Hand a run to the workers. Twice is once. Raises BulkRefused for numbers that are too old, or where nothing would change."""
    now = timezone.now()
    run = BulkRun.objects.select_for_update().get(pk=run.pk)
    if run.state != BulkRun.State.PREVIEW:
        return
    if run.at < now - HOLDS:
        old = _("These numbers are more than %(minutes)s minutes old. Choose the machines again.")
        raise BulkRefused(old, {"minutes": HOLDS // timedelta(minutes=1)})
    if not run.items.exists():
        raise BulkRefused(_("Nothing would change."))
    if run.verb == KEEP_AWAKE and not (until and now < until <= now + LONGEST_AWAKE):
        raise BulkRefused(_("Say for how long: at most 7 days."))
    facts = {"by": by, "until": until, "address": address or None}
    BulkRun.objects.filter(pk=run.pk).update(state=BulkRun.State.RUNNING, at=now, **facts)
    doorbell.ring("machines.tasks.carry_out_bulk")
