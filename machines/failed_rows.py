"""Rows with which a loop failed (accounts.failures): an administrator has one tried again at once."""

from django.db import transaction

import quotas.backstop
from accounts.audit.trail import Thing, record
from accounts.failures import try_now
from accounts.models import User
from lib import doorbell
from machines.models import Machine


@transaction.atomic
def try_failed_now(*, failure_id: int, by: User) -> None:
    """Make a failed row due for its loop's next turn; ring for a machine's step at once."""
    row = try_now(pk=failure_id)
    if row:
        owner = Machine.objects.filter(pk=row.holder).values_list("owner_id", flat=True).first() if row.holder else None
        thing = Thing("failure", row.key, row.loop)
        record(by=by, verb="try_again", whom=owner, thing=thing)
    if row and row.loop == "step" and row.holder:
        Machine.objects.alive().filter(pk=row.holder).update(retry_at=row.next_at)
        doorbell.ring("machines.tasks.advance", row.holder)
    if row and row.loop == "tenants":  # that loop goes by turns: else this person's turn comes in an hour
        quotas.backstop.give_back_turns(User.objects.filter(pk=row.key))
