"""Reconciling after a restore: the cloud is newer than our rows, so the rows learn from it, and nothing is done to any server.

HOLD, run in the restore's own transaction, holds every living machine and the sweep (`held_at`), so that no worker can act on an
old wish before `compare_with_cloud` has compared each row with one whole list of the cloud. Every loop passes held rows by.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

import tunnels.restored
from cloud.contract import Cloud, CloudError, Listing, Server, Status
from lib.notes import Note
from machines import archive_share, cloud_identity, visitors
from machines.models import CloudWatch, Machine, MachineQuerySet
from machines.reconcile import drift
from machines.reconcile.observe import status_columns
from machines.states import State, Wanted
from machines.stepper import archive
from machines.stepper.delete import finish, vanish
from machines.stepper.repair import BROKE

# Runs before the migrations of this version, on the tables of the backup's version: these may lack the columns. A table cannot be
# altered while checks of its rows are pending, so those come first.
HOLD = """
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE machines_machine ADD COLUMN IF NOT EXISTS held_at timestamp with time zone NULL;
ALTER TABLE machines_watch ADD COLUMN IF NOT EXISTS held_at timestamp with time zone NULL;
SET CONSTRAINTS ALL DEFERRED;
UPDATE machines_machine SET held_at = now() WHERE state <> 'gone';
UPDATE machines_watch SET held_at = now();
DELETE FROM machines_stray;
"""
MERCY = timedelta(days=1)  # for an admin to look at second servers before they are removed
FOLLOWED = _("Minga was restored from a backup. This machine is what the cluster says it is now.")
UNDELETED = _(
    "Minga was restored from a backup in which this machine was being deleted, but it still exists. Delete it again if you want that."
)
RESTING = {
    Status.SUSPENDED: State.SUSPENDED,
    Status.STOPPED: State.SUSPENDED,
    Status.SHELVED: State.SHELVED,
}


def is_due() -> bool:
    """Return whether machines are still held after a restore."""
    return _held().exists() or CloudWatch.is_held()


@transaction.atomic
def compare_with_cloud(cloud: Cloud) -> dict[str, int]:
    """Make each held row what the cloud says, and let it go; how many ended in which state. Raises CloudError.

    One whose server the cloud cannot see just now stays held, counted as unknown: call this again later.
    """
    now = timezone.now()
    cloud_identity.require(cloud)
    listing = cloud.list_servers()
    if not listing.whole:
        raise CloudError("The cloud gave no whole list of its servers.")
    find = _finder(listing)
    pairs = [(machine, find(machine)) for machine in _held().select_for_update(of=("self",))]
    # Rows without a server come first: another row may have their server_id now, which is unique.
    for machine, server in sorted(pairs, key=lambda pair: pair[1] is not None):
        _compare_one(machine, server, now)
    tunnels.restored.raise_revisions(now)  # last, for it locks the gateways
    _begin_watch(now)
    return dict(Counter(_word(machine, server) for machine, server in pairs))


def _held() -> MachineQuerySet:
    return Machine.objects.alive().filter(held_at__isnull=False)


def _word(machine: Machine, server: Server | None) -> str:
    return "unknown" if server and server.status == Status.UNKNOWN else machine.state


def _finder(listing: Listing) -> Callable[[Machine], Server | None]:
    """Return a function that finds a machine's server: its own, else the oldest one with its tag, never one with another machine's tag.

    One that is being deleted counts as deleted: as a living one it would cost its machine the archive, which may be all that is left.
    """
    alive = [server for server in listing.servers if server.status != Status.DELETED and not server.is_going]
    by_id = {server.id: server for server in alive}
    by_tag: dict[str, list[Server]] = {}
    for server in sorted(alive, key=drift.by_age):
        by_tag.setdefault(server.machine, []).append(server)

    def find(machine: Machine) -> Server | None:
        own = by_id.get(machine.server_id)
        if own and (own.machine in ("", str(machine.pk)) or machine.adopting):
            return own
        return next((one for one in by_tag.get(str(machine.pk), ()) if drift.may_stand_in(machine, one)), None)

    return find


def _compare_one(machine: Machine, server: Server | None, now: datetime) -> None:
    """End the hold of a machine, then settle it; the transaction hides it from workers until all are done."""
    if server and server.status == Status.UNKNOWN:
        return
    _write(machine, held_at=None, claimed_until=None, retry_at=None, attempts=0, cloud_errors=0)
    if server is None:
        return _go_on_without(machine, now)
    is_other = server.id != machine.server_id
    _take_facts(machine, server, now)
    if machine.wanted == Wanted.GONE:
        return _settle(machine, State.FAILED, Wanted.GONE, UNDELETED, now)
    if server.status in RESTING:
        return _rest(machine, RESTING[server.status], now)
    if server.status == Status.ERROR:
        return _settle(machine, State.FAILED, Wanted(machine.wanted), BROKE, now)
    _run(machine, server, is_other, now)


def _go_on_without(machine: Machine, now: datetime) -> None:
    """Settle a machine without a server: it is gone, or still waits to be built if it never had one."""
    if machine.wanted == Wanted.GONE:
        finish(machine)
    elif machine.archive_id:
        _archived(machine, now)
    elif machine.server_id or machine.ready_at:
        vanish(machine)
    else:
        _write(machine, asked_at=now)


def _archived(machine: Machine, now: datetime) -> None:
    """Settle a machine of which only an archive is left. Whether that still exists is asked when somebody wants it back."""
    archive_share.take(machine)
    archive_share.keep_ports_only(machine)
    _write(machine, **archive.NO_SERVER)
    _settle(machine, State.ARCHIVED, Wanted.ARCHIVED, FOLLOWED, now)


def _take_facts(machine: Machine, server: Server, now: datetime) -> None:
    """Take over what the server says, its counters, too: a reset that was asked for before the backup is not done now.

    ready_at: whether it ever ran, we cannot know; a step may delete what never ran. An archive is older than a server that is whole:
    were it still the row's own, the next archiving would delete the server and keep that.
    """
    counters = {"resets": server.resets, "restarts": server.restarts, "moves": server.moves}
    once = {f"{name}_{part}": number for name, number in counters.items() for part in ("asked", "done")}
    times = {"asked_at": now - timedelta(seconds=1), "queued_at": None, "ready_at": machine.ready_at or now}
    times["first_ready_at"] = machine.first_ready_at or machine.ready_at or machine.created_at
    spent = {} if server.status == Status.BUILDING else archive.spend(machine)
    _write(machine, **status_columns(server, now), **once, **times, **spent, server_id=server.id)
    archive_share.count_machine(machine)


def _rest(machine: Machine, state: State, now: datetime) -> None:
    visitors.hold(machine, now)
    _settle(machine, state, Wanted(state.value), FOLLOWED, now)


def _run(machine: Machine, server: Server, is_other: bool, now: datetime) -> None:
    """Settle a machine that is up or comes up. Its ports are pushed to the cloud and opened again: they may have changed since."""
    state = State.BUILDING if server.status == Status.BUILDING else State.WAKING
    if machine.state == State.RUNNING and server.status == Status.ACTIVE and not is_other:
        state = State.RUNNING
    if state != State.RUNNING:
        tunnels.restored.ask_again(machine.pk)
    _write(machine, ports_asked=machine.ports_asked + 1)
    _settle(machine, state, Wanted.RUNNING, FOLLOWED, now)


def _settle(machine: Machine, state: State, wanted: Wanted, text: str, now: datetime) -> None:
    """Move a machine to any state, whatever it was in: no history knows what lay in between."""
    if (machine.state, machine.wanted) == (state, wanted):
        return
    came_from, note = machine.state, Note(text)
    _write(machine, state=state, wanted=wanted, state_since=now, state_note=note.as_json())
    machine.record_move(came_from, state, note)


def _write(machine: Machine, **fields: object) -> None:
    """Write the row without a condition: it is locked, and was held."""
    Machine.objects.filter(pk=machine.pk).update(**fields)
    for name, value in fields.items():
        setattr(machine, name, value)


def _begin_watch(now: datetime) -> None:
    """Let the sweep start with a whole list, and leave second servers alone for a day."""
    CloudWatch.get_solo()
    nothing = {"listed_at": None, "steady_since": None, "whole_at": None, "claimed_until": None, "held_at": None}
    CloudWatch.objects.update(cursor="", next_at=now, took_seconds=0, no_removal_until=now + MERCY, **nothing)
