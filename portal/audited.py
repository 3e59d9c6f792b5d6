"""Record, once an hour at most, that staff use somebody's machine."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import AuditRow, User
from machines.models import Machine

PAUSE = timedelta(hours=1)


def note_use(machine: Machine, verb: str, *, by: User) -> None:
    """Record that somebody other than its owner uses a machine: at most once an hour, since a download comes in many parts."""
    if by.pk == machine.owner_id:
        return
    same = AuditRow.objects.filter(kind="machine", object_id=str(machine.pk), verb=verb, who=by)
    if not same.filter(at__gt=timezone.now() - PAUSE).exists():
        machine.audit(verb, by=by)
