"""Mend what workers of version 0.2.0 write while an upgrade runs: the tables are migrated first, then workers are replaced one by one.

The migrations did the same for what was there before them. One version later this can go.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

import quotas.actions
from accounts.failures import Failures
from machines import archive_share
from machines.models import Copy, Machine
from machines.states import State, Wanted
from machines.wishes import locked
from quotas.models import Reservation
from tunnels.models import Tunnel

LOOP = "upgrade"  # of accounts.failures
RECENT = timedelta(days=7)  # how long an upgrade lasts at most
# The note of 0.2.0 on a machine whose server was deleted on the cluster; that version had no column for it, and its words change no more.
VANISHED = "It no longer exists on the cluster: somebody deleted it there."


def catch_up(now: datetime) -> None:
    """Bring the columns and shares of recent rows to what this version would have written. Writes nothing where it did."""
    recent = Machine.objects.filter(state_since__gt=now - RECENT)
    unmarked = recent.filter(state=State.GONE, vanished=False, state_note__text=VANISHED)
    unmarked.update(vanished=True)
    failures = Failures(LOOP, now)
    for machine in _miscounted(recent.only("state", "wanted", "archive_id")):
        if str(machine.pk) not in failures.resting:
            with failures.at(machine.pk, holder=machine.pk):
                _recount(machine)


def _miscounted(recent: Iterable[Machine]) -> list[Machine]:
    """Those whose archive has no share though there is one, or has one though there is none."""
    holders = {archive_share.holder_of(machine): machine for machine in recent if _has_archive(machine) is not None}
    shares = Reservation.objects.filter(holder__in=holders, closed_at__isnull=True)
    counted = set(shares.values_list("holder", flat=True))
    return [machine for holder, machine in holders.items() if _has_archive(machine) != (holder in counted)]


def _has_archive(machine: Machine) -> bool | None:
    """None while it is on the way."""
    if machine.state == State.ARCHIVED and machine.wanted == Wanted.ARCHIVED:
        return True
    is_back = machine.state == machine.wanted == State.RUNNING and not machine.archive_id
    return False if is_back or machine.state == State.GONE else None


@transaction.atomic
def _recount(machine: Machine) -> None:
    """Looked at once more under the locks: somebody may have asked for an archive since."""
    quotas.actions.lock(machine.owner_id)
    machine = locked(machine)
    if _has_archive(machine):
        archive_share.take(machine)
        kept = machine.copies.filter(
            kind=Copy.Kind.ARCHIVE, state=Copy.State.READY, image_id=machine.archive_id
        ).first()
        if kept and kept.size_bytes:
            archive_share.measure(machine, kept.size_bytes)
        archive_share.keep_ports_only(machine)
        for tunnel in Tunnel.objects.of(machine.pk).kept().filter(extra=True):
            quotas.actions.exchange(user=machine.owner, size=quotas.actions.Size(ports=1), holder=tunnel.pk)
    elif _has_archive(machine) is False:
        archive_share.free(machine)
