"""The check of the cloud for its page: run by a worker when it is asked for, one at a time, and stored with its time.

To press the button writes that a check is wanted; a worker takes it under a lease, so that one which is killed is followed by another.
The web process never asks the cloud.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from cloud.diagnosis import Check
from lib import doorbell
from lib.notes import Note
from portal.models import CloudCheck

log = logging.getLogger(__name__)

# Then the worker that was at it is taken for dead. A check takes some seconds, a minute where much is mute.
LEASE = timedelta(minutes=5)


def ask(now: datetime) -> bool:
    """Want a check. False: one is on its way already."""
    CloudCheck.objects.get_or_create(pk=1)
    if not CloudCheck.objects.filter(pk=1, asked_at=None).update(asked_at=now):
        return False
    doorbell.ring("portal.tasks.check_cloud")
    return True


def run_if_asked(now: datetime) -> bool:
    """Run the check that was asked for, unless another worker runs it. Return whether it was run here."""
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    until = now + LEASE
    if not CloudCheck.objects.filter(free, pk=1, asked_at__isnull=False).update(claimed_until=until):
        return False
    try:
        from portal.ops.checks_of_cloud import checks_of_all  # here: its OpenStack clients cost web dozens of MB

        rows = [as_json(row) for row in checks_of_all(with_guest=False)]
        return _end(until, checked_at=now, fault="", rows=rows)
    except Exception as error:  # whatever it is, be it that the rows cannot be stored: the page must not wait for ever
        log.exception("the check of the cloud ended early")
        return _end(until, fault=f"{type(error).__name__}: {error}".replace("\0", "")[:300])


@transaction.atomic
def _end(until: datetime, **found: Any) -> bool:
    """Store what was found while the lease is ours: a slow one whose lease ended must not take back what a later check found."""
    mine = CloudCheck.objects.filter(pk=1, claimed_until=until)
    return bool(mine.update(asked_at=None, claimed_until=None, **found))


def as_json(row: Check) -> dict[str, Any]:
    return {"topic": row.topic, "ok": row.ok, "found": row.found.as_json(), "mend": row.mend}


def from_json(row: dict[str, Any]) -> Check:
    return Check(row["topic"], row["ok"], Note.from_json(row["found"]), row["mend"])
