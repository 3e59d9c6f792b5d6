"""List servers (those that changed; now and then all), write what the cloud says onto the rows, and ring for machines that are due a step.

The sweep decides by its one row (CloudWatch) whether a list is due, so a tick costs two small queries.
"""

import logging
from collections.abc import Collection, Iterable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as _

import quotas.actions
from accounts.failures import Failures
from cloud.contract import Cloud, CloudBusy, CloudError, Server, Status
from lib import doorbell, events, seldom
from lib.compiled_queries import Given, compiled
from lib.notes import Note
from machines import cloud_identity, machine_names
from machines.models import CloudWatch, Event, Machine, MachineQuerySet
from machines.reconcile import drift, lists_pace
from machines.reconcile.observe import OF_ACTIONS, Observation, observe
from machines.reconcile.strays import is_key, keep_strays
from machines.states import State

log = logging.getLogger(__name__)

MOST_BELLS = 200  # bells rung in one tick; the next tick rings the rest
# Making a server takes the cloud about a second. A class that launches at once would fill the queue with slow steps, and quick steps
# of running machines would wait behind them.
LAUNCHING = (State.NEW, State.QUEUED)
MOST_LAUNCHES = 8
BELL_PAUSE = timedelta(seconds=3)  # after this a bell is rung again: it was lost, or all workers are busy
# Likewise for a launch while workers are at other launches: most likely it waits behind them.
QUEUE_PAUSE = timedelta(seconds=30)
LOOP = "list"  # of accounts.failures
SILENT = "the sweep"  # key of the warnings about a silent cloud
RENAMED = _("Renamed on the cluster itself, from “%(old)s” to “%(new)s”.")


@dataclass(slots=True)
class Findings:
    """Conclusions from a list, besides what was written onto the rows."""

    lost: bool = False  # a server of a living machine was deleted: only a whole list shows whether another has its tag
    dark: bool = False  # the cloud cannot see some servers of ours


def tick(cloud: Cloud, now: datetime | None = None) -> None:
    """List if a list is due, then ring for every machine that is due a step."""
    try:
        list_if_due(cloud, now or timezone.now())
    finally:  # steps go on even if the list cannot be read
        _ring()


def list_if_due(cloud: Cloud, now: datetime) -> None:
    if (watch := _take_turn(now)) is not None:
        list_servers(cloud, watch, now)


def _ring() -> None:
    rung = _due(timezone.now())
    Machine.objects.filter(pk__in=rung).update(enqueued_at=timezone.now())
    for pk, is_slow in rung.items():
        doorbell.ring("machines.tasks.advance", pk, slow=is_slow)


def _due(now: datetime) -> dict[UUID, bool]:
    """Return for whom to ring, and whether that step is slow; nobody twice before a worker can have heard the first bell.

    Those that wait for a server were rung for when they were launched; this is for bells that were lost.
    """
    found = _to_be_rung_for(now=now, late=now - BELL_PAUSE, long_ago=now - QUEUE_PAUSE)
    slow = [pk for pk, is_slow in found if is_slow][:MOST_LAUNCHES]
    return {pk: False for pk, is_slow in found if not is_slow} | dict.fromkeys(slow, True)


@compiled
def _to_be_rung_for(now: Given, late: Given, long_ago: Given) -> QuerySet[Machine, Any]:
    """Select (key, whether its step is slow) of machines that are due and were not rung for since `late`: quick steps first.

    Of launches that wait behind others, those that were not rung for since `long_ago`.
    """
    is_slow = Q(state__in=LAUNCHING)
    is_behind = is_slow & Exists(Machine.objects.filter(is_slow, claimed_until__gte=now))
    is_late = Q(enqueued_at__isnull=True) | Q(enqueued_at__lte=long_ago) | (Q(enqueued_at__lte=late) & ~is_behind)
    rows = Machine.objects.due(now).filter(is_late)
    first = rows.annotate(is_slow=ExpressionWrapper(is_slow, BooleanField()))
    ordered = first.order_by("is_slow", F("retry_at").asc(nulls_first=True), "state_since")
    return ordered.values_list("pk", "is_slow")[: MOST_BELLS + MOST_LAUNCHES]


def list_servers(cloud: Cloud, watch: CloudWatch, now: datetime) -> None:
    """Make one list call, and write what follows from it."""
    whole = lists_pace.is_whole_due(watch, now)
    try:
        cloud_identity.require(cloud, watch)
        listing = cloud.list_servers(None if whole else watch.cursor)
    except CloudError as error:
        seldom.warning(log, SILENT, "the cloud could not be listed: %s", error)
        pause = getattr(error, "retry_after", None) or 2 * settings.SWEEP_BUSY_SECONDS
        again = timezone.now() + timedelta(seconds=pause)
        CloudWatch.objects.filter(pk=watch.pk).update(claimed_until=None, next_at=again, cursor="", steady_since=None)
        return
    if watch.steady_since is None:
        seldom.over(log, SILENT, "the cloud can be listed again")
    findings = apply_listing(listing.servers, now, whole=listing.whole)
    if findings.lost and not listing.whole:
        watch.cursor = ""
        return list_servers(cloud, watch, timezone.now())
    took = (timezone.now() - now).total_seconds()
    fields = {"whole_at": now, "room": _room(cloud)} if listing.whole else {}
    if not watch.cloud_identity:
        fields["cloud_identity"] = cloud.identity
    fields["steady_since"] = None if findings.dark else watch.steady_since or now
    fields |= {"cursor": listing.cursor, "listed_at": now, "took_seconds": took}
    CloudWatch.objects.filter(pk=watch.pk).update(claimed_until=None, next_at=now + lists_pace.pause(took), **fields)


def apply_listing(servers: Collection[Server], at: datetime, *, whole: bool) -> Findings:
    """Write what a list that began `at` says onto the rows. A row that a whole list lacks has lost its server."""
    rows = _rows(servers, whole=whole)
    by_server = {row.server_id: row for row in rows if row.server_id}
    by_tag = {str(row.pk): row for row in rows}
    findings, failures = Findings(), Failures(LOOP, at)
    if whole:  # strike off what is well again; a list of changes skips this query
        failures.read()
    for server in servers:
        row = by_server.get(server.id) or by_tag.get(server.machine)
        if row is None:
            continue
        with failures.at(row.pk, holder=row.pk):
            if row.server_id != server.id:
                _note_tagged_server(row, server, at)
                continue
            seen = observe(row, server, at)
            findings.dark, findings.lost = findings.dark or seen.is_dark, findings.lost or seen.is_lost
            apply_observation(row, seen, at)
    if whole:
        _follow_missing([row for row in rows if row.server_id and not row.held_at], servers, at, failures)
        keep_strays(servers, at)
    return findings


def _rows(servers: Collection[Server], *, whole: bool) -> list[Machine]:
    """Select the living rows that a list is about: by the server's id, since a deleted server has lost its tag, and by the tag."""
    alive = Machine.objects.alive()
    if whole:
        return list(alive)
    if not servers:
        return []
    tags = {server.machine for server in servers if is_key(server.machine)}
    return list(alive.filter(Q(server_id__in={server.id for server in servers}) | Q(pk__in=tags)))


def _note_tagged_server(machine: Machine, server: Server, at: datetime) -> None:
    """Note that a server is tagged with a machine that has no server_id yet: its next step must search before it creates."""
    if not machine.server_id and server.status != Status.DELETED:
        Machine.objects.not_held().filter(pk=machine.pk, asked_at=None).update(asked_at=at)


def apply_observation(machine: Machine, seen: Observation, at: datetime) -> None:
    """Write an observation of a list that began `at`; a machine that is settled then follows its server."""
    if seen.columns:
        if not _write(machine, seen, at):
            return
        if machine.is_settled:  # an action may have written since the row was read
            machine.refresh_from_db()
    if seen.follow and machine.is_settled:
        drift.take_over(machine)


def _write(machine: Machine, seen: Observation, at: datetime) -> bool:
    """Write all of an observation by one update. False: the row was observed, or a request made, after the list began."""
    columns, notes = seen.columns, seen.notes
    # One statement is a transaction by itself.
    with transaction.atomic() if seen.new_name or notes else nullcontext():
        if seen.new_name:
            names, renamed = _renamed(machine, seen.new_name)
            columns, notes = {**columns, **names}, (*renamed, *notes)
        if not _as_known(machine, columns, at).update(**columns):
            return False
        for note in notes:
            machine.record(Event.Kind.NOTED, note)
    events.publish("machine", machine.pk)
    for name, value in columns.items():
        setattr(machine, name, value)
    return True


def _as_known(machine: Machine, columns: dict[str, Any], at: datetime) -> MachineQuerySet:
    """Select the row unless it is newer than the list, or an action has changed a column of its own that is to be written."""
    newer = Q(asked_at__isnull=True) | Q(asked_at__lt=at), Q(observed_at__isnull=True) | Q(observed_at__lte=at)
    known = {name: getattr(machine, name) for name in columns if name in OF_ACTIONS}
    return Machine.objects.not_held().filter(*newer, pk=machine.pk, **known)


def _renamed(machine: Machine, name: str) -> tuple[dict[str, Any], list[Note]]:
    """Return the columns of a name that was given on the cluster, and its line of history. The owner's Allowance is locked from here on.

    A name that its owner has already gets a number here; the cloud keeps what it was given there.
    """
    quotas.actions.lock(machine.owner_id)
    free = machine_names.free(machine.owner_id, name, but=machine)
    note = Note(RENAMED, {"old": machine.name, "new": free})
    return machine_names.columns(free), [] if free == machine.name else [note]


def _follow_missing(rows: Iterable[Machine], servers: Collection[Server], at: datetime, failures: Failures) -> None:
    """Follow machines whose server a whole list lacks: another server with their tag stands in, or the machine is gone."""
    present = {server.id for server in servers}
    missing = [row for row in rows if row.server_id not in present and (row.asked_at is None or row.asked_at < at)]
    taken = {row.server_id for row in rows}
    for machine in missing:
        others = [s for s in servers if s.id not in taken and drift.may_stand_in(machine, s)]
        with failures.at(machine.pk, holder=machine.pk):
            if others and not machine.should_be_deleted:
                drift.take_other_server(machine, min(others, key=drift.by_age), at)
            else:
                apply_observation(machine, observe(machine, None, at), at)


def _take_turn(now: datetime) -> CloudWatch | None:
    """Claim the watch if a list is due and no other worker has it. An unsettled machine makes it due sooner."""
    watch = CloudWatch.get_solo()
    if watch.held_at:
        return None
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
    if watch.next_at > now and not lists_pace.is_wanted(watch, now):
        return None
    taken = CloudWatch.objects.filter(free, pk=watch.pk, next_at=watch.next_at).update(
        claimed_until=now + timedelta(seconds=settings.CLAIM_SECONDS)
    )
    return watch if taken else None


def _room(cloud: Cloud) -> dict[str, object]:
    try:
        return asdict(cloud.room())
    except CloudBusy:
        return {}
