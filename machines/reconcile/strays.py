"""Servers that no machine needs: a list for admins, kept up by whole lists of the cloud. Second ones of ours are removed.

One statement takes over all that changed, none is made while nothing does: a cluster may have hundreds of other
people's servers.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Case, Q, When

from accounts.failures import Failures
from cloud.contract import Cloud, CloudBusy, CloudError, Server, Status
from machines.models import CloudWatch, Machine, Stray
from machines.reconcile import overlap
from machines.states import State, Wanted

log = logging.getLogger(__name__)

LOOP, REMOVAL = "strays", "needless servers"  # of accounts.failures
FORGET = timedelta(days=30)  # how long rows of servers that left, or were adopted, are kept
RESTING = {(State.ARCHIVED, Wanted.ARCHIVED), *((State.GONE, wish) for wish in Wanted)}
# Workers of 0.2.0 wrote only the note, and may still run during an upgrade: such a server must not count as a second one.
_HAS_VANISHED = Case(When(Q(vanished=True) | Q(state_note__text=overlap.VANISHED), then=True), default=False)
# Columns that every list overwrites; the others are ours.
LISTED_COLUMNS = (
    "kind", "machine_key", "owner_key", "name", "status", "project", "flavor_name", "vcpus", "ram_mb", "disk_gb",
    "host", "address", "resets", "restarts", "created_at",
)  # fmt: skip


def keep_strays(servers: Iterable[Server], at: datetime) -> None:
    """Make the table say what a whole list that began `at` says."""
    listed = {server.id: server for server in servers if server.status != Status.DELETED}
    known = {row.server_id: row for row in Stray.objects.open()}
    failures = Failures(LOOP, at)
    resting = set(failures.resting)
    strays = _strays(listed, at, failures, resting)
    failures.write([s for s in strays if _is_news(s, known.get(s.server_id))], _write, lambda stray: stray.server_id)
    rest = known.keys() - {stray.server_id for stray in strays} - failures.failed - resting
    if here := rest & listed.keys():
        Stray.objects.filter(server_id__in=here).update(adopted_at=at)
    if gone := rest - listed.keys():
        Stray.objects.filter(server_id__in=gone).update(gone_at=at)


def _strays(listed: dict[str, Server], at: datetime, failures: Failures, resting: set[str]) -> list[Stray]:
    tags = [server.machine for server in listed.values() if is_key(server.machine)]
    rows = Machine.objects.filter(Q(server_id__in=listed) | Q(pk__in=tags)).values_list(
        "pk", "state", "server_id", _HAS_VANISHED, "wanted"
    )
    # A server that vanished and is back (an operator restored it) is for an administrator to decide: we did not delete it.
    keys = {str(pk) for pk, _state, _server, vanished, _wish in rows if not vanished}
    held = {server for _pk, state, server, _vanished, _wish in rows if state != State.GONE}
    # A row without a server_id finds this very server with its next step, unless it is archived.
    waits = {str(pk) for pk, state, server, _vanished, wish in rows if (state, wish) not in RESTING and not server}
    free = [server for server in listed.values() if server.id not in held | resting and server.machine not in waits]
    found = []
    for server in free:
        with failures.at(server.id):
            found.append(_stray(server, keys, at))
    return found


def _stray(server: Server, keys: set[str], at: datetime) -> Stray:
    kind = Stray.Kind.SECOND if server.machine in keys else Stray.Kind.LOST if server.machine else Stray.Kind.OTHER
    size = server.flavor
    return Stray(
        server_id=server.id,
        kind=kind,
        machine_key=server.machine[:64],
        owner_key=server.owner[:64],
        name=server.name[:255],
        status=server.status,
        project=server.project[:64],
        flavor_name=size.name[:255] if size else "",
        vcpus=size.vcpus if size else 0,
        ram_mb=size.ram_mb if size else 0,
        disk_gb=size.disk_gb if size else 0,
        host=server.host[:255],
        address=server.address[:64],
        resets=server.resets,
        restarts=server.restarts,
        created_at=server.created_at,
        seen_at=at,
    )


def _is_news(stray: Stray, known: Stray | None) -> bool:
    """Return whether its row must be written. A change of kind restarts its grace period."""
    if known is None:
        return True
    if stray.kind == known.kind:
        stray.seen_at, stray.removed_at = known.seen_at, known.removed_at
    return any(getattr(stray, name) != getattr(known, name) for name in LISTED_COLUMNS)


def _write(strays: Sequence[Stray]) -> None:
    """Write new rows, and old ones as they are now; a row whose server was gone or taken is open again."""
    ours = ["seen_at", "removed_at", "adopted_at", "gone_at"]
    Stray.objects.bulk_create(
        strays, update_conflicts=True, unique_fields=["server_id"], update_fields=[*LISTED_COLUMNS, *ours]
    )


def remove_strays(cloud: Cloud, now: datetime) -> int:
    """Delete second servers of ours whose grace is over; the number of those. All others are left for an admin."""
    over = now - timedelta(seconds=settings.STRAY_SECONDS)
    Stray.objects.filter(Q(gone_at__lt=now - FORGET) | Q(adopted_at__lt=now - FORGET)).delete()
    if CloudWatch.is_held() or CloudWatch.objects.filter(no_removal_until__gt=now).exists():
        return 0
    # Ask again for servers that are still there long after the first request.
    due = Q(removed_at__isnull=True) | Q(removed_at__lt=over)
    seconds = Stray.objects.open().filter(due, kind=Stray.Kind.SECOND, seen_at__lt=over)
    failures, removed = Failures(REMOVAL, now), 0
    for stray in seconds.exclude(server_id__in=failures.resting):
        with failures.at(stray.server_id):
            removed += _remove(stray, cloud, now)
    return removed


def _remove(stray: Stray, cloud: Cloud, now: datetime) -> bool:
    """Delete one server, recorded first: an administrator who adopts it now either comes before us, or reads that it goes."""
    as_known = Stray.objects.open().filter(pk=stray.pk, removed_at=stray.removed_at)
    if Machine.objects.alive().filter(server_id=stray.server_id).exists() or not as_known.update(removed_at=now):
        return False
    try:
        cloud.ensure_deleted(stray.server_id)
    except CloudBusy:
        Stray.objects.filter(pk=stray.pk).update(removed_at=None)
        return False
    except CloudError as error:
        log.error("stray server %s could not be removed: %s", stray.server_id, error)
        return False
    log.warning("removed stray server %s of machine %s", stray.server_id, stray.machine_key)
    return True


def is_key(text: str) -> bool:
    """Return whether the text can be a machine's id."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
