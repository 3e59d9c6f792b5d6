"""Servers of the cloud that no machine needs: kept in a list for admins; second ones of ours go after a grace period."""

import logging
from datetime import datetime, timedelta

from django.conf import settings

from cloud.contract import Cloud, Server, Status
from machines.models import Machine, Stray
from machines.states import State

log = logging.getLogger(__name__)


def keep_strays(by_machine: dict[str, list[Server]], rows: dict[str, Machine], at: datetime) -> None:
    """Remember servers that carry our mark and that no row needs; a second one of ours goes after the grace period."""
    for key, found in by_machine.items():
        for server in found:
            row = rows.get(key)
            if server.status == Status.DELETED or (row and not _is_stray(server, row)):
                continue
            facts = {"machine_key": key[:64], "name": server.name[:255], "ours": row is not None}
            Stray.objects.get_or_create(server_id=server.id, defaults={**facts, "seen_at": at})


def _is_stray(server: Server, row: Machine) -> bool:
    if row.state == State.GONE:
        return True
    # Without a number yet, the row's next step finds this very server.
    return row.server_id not in ("", server.id)


def remove_strays(cloud: Cloud, now: datetime) -> int:
    """Delete second servers of ours whose grace is over; the number of those. What no row knows is left for an admin."""
    over = now - timedelta(seconds=settings.STRAY_SECONDS)
    removed = 0
    for stray in Stray.objects.filter(ours=True, removed_at__isnull=True, seen_at__lt=over):
        if Machine.objects.alive().filter(server_id=stray.server_id).exists():
            stray.delete()  # it was adopted in the meantime
            continue
        cloud.ensure_deleted(stray.server_id)
        log.warning("removed stray server %s of machine %s", stray.server_id, stray.machine_key)
        Stray.objects.filter(pk=stray.pk).update(removed_at=now)
        removed += 1
    return removed
