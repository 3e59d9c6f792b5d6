"""Machines of people whose subscription has ended: those that do not fit into the rest of their quota go to sleep.

That a subscription ends is only a matter of time and of its ledger; this loop finds the machines. Nothing is archived or deleted by it, and
nothing is woken when the subscription is renewed.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_noop as _

import quotas.actions
from accounts.failures import Failures
from lib.notes import Note, day
from machines import ended_subscriptions
from machines.models import Machine
from machines.put_to_rest import put_to_rest
from machines.rules import WrongState

LOOP = "lapsed"  # of accounts.failures
ASLEEP = _(
    "The subscription of its owner ended on %(day)s, and it does not fit into what is left of their quota: it goes to sleep. Nothing is deleted."
)
AWAY = _(
    "The subscription of its owner ended on %(day)s, and it does not fit into what is left of their quota."
    " It cannot sleep, so it is put away: its disk is kept, its memory is not."
)


def follow(now: datetime) -> int:
    """Put such machines to sleep, those used longest ago first. Returns how many; one that fails stops no other."""
    failures, asleep = Failures(LOOP, now), 0
    rows = ended_subscriptions.running_of_ended(now)
    for pk, owner in ended_subscriptions.too_many(rows, now).items():
        if str(pk) not in failures.resting:
            with failures.at(pk, holder=pk):
                asleep += _sleep(Machine.objects.get(pk=pk), owner, now)
    return asleep


@transaction.atomic
def _sleep(machine: Machine, owner: int, now: datetime) -> bool:
    """Put a machine to sleep unless it fits by now, or cannot sleep yet: it is found again."""
    quotas.actions.lock(owner)
    theirs = ended_subscriptions.running_of_ended(now).filter(owner=owner)
    end = ended_subscriptions.ended([owner], now).get(owner)
    if end is None or machine.held_at or machine.pk not in ended_subscriptions.too_many(theirs, now):
        return False
    facts = {"day": day(end.at)}
    try:
        put_to_rest(machine, asleep=Note(ASLEEP, facts), away=Note(AWAY, facts))
    except WrongState:
        return False
    return True
