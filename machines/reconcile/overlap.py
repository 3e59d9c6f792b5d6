"""Mend what workers of the version before write while an upgrade runs: the tables are migrated first, then workers are replaced one by one.

The migrations did the same for what was there before them. One version later this can go.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat

import quotas.actions
from accounts.failures import Failures
from accounts.models import Notice
from lib.measures import Size
from machines import archive_share
from machines.models import Delivery, DiskImage, Machine, Question
from machines.rules import locked
from machines.states import State, Wanted
from quotas.models import Reservation
from tunnels.models import Tunnel

LOOP = "upgrade"  # of accounts.failures
MOST = 500  # deliveries in one turn
RECENT = timedelta(days=7)  # how long an upgrade lasts at most
# The note of 0.2.0 on a machine whose server was deleted on the cluster. That version had no column for it.
OLD_MAIL_LOCK = "machines.idle.deliver.mail"  # a worker of 0.3 holds it in the cache while it mails
TAKEN_OVER = "Taken over by the outbox."
VANISHED = "It no longer exists on the cluster: somebody deleted it there."


def catch_up(now: datetime) -> None:
    """Bring the columns and shares of recent rows to what this version would have written. Writes nothing where it did."""
    recent = Machine.objects.not_held().filter(state_since__gt=now - RECENT)
    unmarked = recent.filter(state=State.GONE, vanished=False, state_note__text=VANISHED)
    unmarked.update(vanished=True)
    failures = Failures(LOOP, now)
    take_over_deliveries(now, failures)
    for machine in _miscounted(recent.only("state", "wanted", "archive_id")):
        if str(machine.pk) not in failures.resting:
            with failures.at(machine.pk, holder=machine.pk):
                _recount(machine)


def _miscounted(recent: Iterable[Machine]) -> list[Machine]:
    """Return machines whose archive has no share though there is one, or has one though there is none."""
    holders = {archive_share.holder_of(machine): machine for machine in recent if _has_archive(machine) is not None}
    shares = Reservation.objects.filter(holder__in=holders, closed_at__isnull=True)
    counted = set(shares.values_list("holder", flat=True))
    return [machine for holder, machine in holders.items() if _has_archive(machine) != (holder in counted)]


def _has_archive(machine: Machine) -> bool | None:
    """Return whether it has an archive; None while it is on the way."""
    if machine.state == State.ARCHIVED and machine.wanted == Wanted.ARCHIVED:
        return True
    is_back = machine.state == machine.wanted == State.RUNNING and not machine.archive_id
    return False if is_back or machine.state == State.GONE else None


@transaction.atomic
def _recount(machine: Machine) -> None:
    """Correct the shares of one machine, looked at again under the locks: somebody may have asked for an archive since."""
    quotas.actions.lock(machine.owner_id)
    machine = locked(machine)
    if _has_archive(machine):
        archive_share.take(machine)
        kept = machine.copies.filter(
            kind=DiskImage.Kind.ARCHIVE, state=DiskImage.State.READY, image_id=machine.archive_id
        ).first()
        if kept and kept.size_bytes:
            archive_share.measure(machine, kept.size_bytes)
        archive_share.keep_ports_only(machine)
        for tunnel in Tunnel.objects.of(machine.pk).kept().filter(extra=True):
            quotas.actions.exchange(user=machine.owner, size=Size(ports=1), holder=tunnel.pk)
    elif _has_archive(machine) is False:
        archive_share.free(machine)


# ---- questions of 0.3, which kept its own table of deliveries ----


def take_over_deliveries(now: datetime, failures: Failures) -> None:
    """Put into the outbox what a worker of 0.3 has written since the migration: what is due, and what it has delivered."""
    rows = _without_a_notice(now)
    if not rows.exists() or not cache.add(OLD_MAIL_LOCK, 1, 60):
        return  # an old worker sends mails just now, and must not send the same ones
    try:
        for delivery in rows.select_related("ask__machine__owner").order_by("pk")[:MOST]:
            with failures.at(f"delivery {delivery.pk}", holder=delivery.ask.machine_id):
                _take_over(delivery, now)
    finally:
        cache.delete(OLD_MAIL_LOCK)


def _without_a_notice(now: datetime) -> "QuerySet[Delivery]":
    about = Concat(Value("ask:"), Cast(OuterRef("ask"), TextField()))
    notices = Notice.objects.filter(about=about, channel=OuterRef("channel"))
    is_due = Q(state=Delivery.State.DUE, ask__closed_at=None)
    return Delivery.objects.filter(~Exists(notices), is_due | Q(ask__asked_at__gt=now - RECENT))


@transaction.atomic
def _take_over(delivery: Delivery, now: datetime) -> None:
    """Write the notice of one old delivery, under the lock of its question; close the old row where it was due."""
    ask = Question.objects.select_for_update().get(pk=delivery.ask_id)
    delivery = Delivery.objects.select_for_update().get(pk=delivery.pk)
    machine = delivery.ask.machine
    facts = {"kind": f"idle.{ask.kind}", "about": f"ask:{ask.pk}", "channel": delivery.channel, "holder": machine.pk}
    facts |= {"recipient": machine.owner, "created_at": ask.asked_at, "attempts": delivery.attempts}
    if delivery.state == Delivery.State.SENT:
        Notice.objects.create(state=Notice.State.DELIVERED, delivered_at=delivery.sent_at or now, **facts)
    elif delivery.state == Delivery.State.DUE and ask.closed_at is None:
        again = None if delivery.channel == Delivery.Channel.PAGE else now
        Notice.objects.create(next_at=again, **facts)
        Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.FAILED, next_at=None, fault=TAKEN_OVER)
    else:
        state = Notice.State.CANCELLED if delivery.state == Delivery.State.DUE else delivery.state
        Notice.objects.create(state=state, fault=delivery.fault, **facts)
