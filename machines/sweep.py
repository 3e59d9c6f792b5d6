"""One list of all servers tells every row what the cloud says; what the cloud's own people did is taken over.

The sweep decides by its one row (Watch) whether a list is due, so a tick costs two small queries.
"""

import logging
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_noop as _

import tunnels.actions
from cloud.contract import Cloud, CloudBusy, CloudError, Server, Status
from lib import doorbell
from lib.notes import Note
from lib.states import LostRace
from machines.lifecycle import BROKEN, vanish
from machines.models import Machine, Watch, status_fields
from machines.pace import fail, follow
from machines.states import State, Wanted
from machines.strays import keep_strays

log = logging.getLogger(__name__)

PACE = 3  # never list sooner than three times what the last list took: see the design
PATIENCE = timedelta(seconds=5)  # without news of a server we asked something of; then all are listed
MOST_BELLS = 200  # bells rung in one tick; the next tick rings the rest
FOUND_ASLEEP = _("Somebody put it to sleep on the cluster itself.")
FOUND_OFF = _("It was switched off, from inside or on the cluster itself.")
FOUND_AWAY = _("Somebody put it away on the cluster itself.")
FOUND_UP = _("Somebody woke it on the cluster itself.")
FOUND = {Status.SUSPENDED: FOUND_ASLEEP, Status.STOPPED: FOUND_OFF, Status.SHELVED: FOUND_AWAY}


def tick(cloud: Cloud, now: datetime | None = None) -> None:
    """List if a list is due, then ring for every machine that is due a step."""
    now = now or timezone.now()
    if (watch := _take_turn(now)) is not None:
        look(cloud, watch, now)
    for pk in (
        Machine.objects.due(timezone.now())
        .order_by("retry_at", "state_since")
        .values_list("pk", flat=True)[:MOST_BELLS]
    ):
        doorbell.ring("machines.tasks.advance", pk)


def look(cloud: Cloud, watch: Watch, now: datetime) -> None:
    """One list call, and what follows from it."""
    whole = _is_whole_due(watch, now)
    try:
        listing = cloud.list_servers(None if whole else watch.cursor)
    except CloudError as error:
        log.warning("the cloud could not be listed: %s", error)
        pause = getattr(error, "retry_after", None) or 2 * settings.SWEEP_BUSY_SECONDS
        again = timezone.now() + timedelta(seconds=pause)
        Watch.objects.filter(pk=watch.pk).update(claimed_until=None, next_at=again, cursor="", steady_since=None)
        return
    observe(listing.servers, now, whole=listing.whole)
    took = (timezone.now() - now).total_seconds()
    fields = {"whole_at": now, "room": _room(cloud)} if listing.whole else {}
    fields["steady_since"] = watch.steady_since or now
    Watch.objects.filter(pk=watch.pk).update(
        cursor=listing.cursor,
        listed_at=now,
        took_seconds=took,
        claimed_until=None,
        next_at=now + _pause(took),
        **fields,
    )


def _is_whole_due(watch: Watch, now: datetime) -> bool:
    """Changes do unless it is time, or somebody waits for news of a server that has not changed since we asked."""
    if (
        not watch.cursor
        or not watch.whole_at
        or now - watch.whole_at >= timedelta(seconds=settings.SWEEP_WHOLE_SECONDS)
    ):
        return True
    unheard = Q(observed_at__isnull=True) | Q(observed_at__lte=F("asked_at"))
    return Machine.objects.unsettled().filter(unheard, asked_at__lt=now - PATIENCE).exists()


def observe(servers: Collection[Server], at: datetime, *, whole: bool) -> None:
    """Write what a list that began `at` says onto the rows; rows that a whole list lacks are told that they are gone."""
    told = {server.id: server for server in servers}
    # By its number, not by its mark: somebody may have wiped that, and the cloud forgets it of a deleted one.
    for machine in Machine.objects.alive().filter(server_id__in=told):
        _observe_one(machine, told[machine.server_id], at)
    if whole:
        _miss(set(told), at)
        keep_strays(servers, at)


def _observe_one(machine: Machine, server: Server, at: datetime) -> None:
    fields = status_fields(server, at)
    changed = any(getattr(machine, name) != value for name, value in fields.items() if name != "observed_at")
    stale = machine.observed_at is None or not machine.is_fresh
    if changed or stale:
        _take_over(machine, fields, at)


def _take_over(machine: Machine, fields: dict[str, object], at: datetime) -> None:
    """Write an observation, unless the row was told, or asked the cloud for something, after the list began."""
    newer = Q(asked_at__isnull=True) | Q(asked_at__lt=at), Q(observed_at__isnull=True) | Q(observed_at__lte=at)
    # A step that was waiting for news need wait no longer; one that backs off keeps its time.
    calm: dict[str, object] = {} if machine.unheard else {"retry_at": None}
    if machine.state == State.FAILED:
        calm = _second_chance(machine, fields)
    if not Machine.objects.filter(*newer, pk=machine.pk).update(**fields, **calm):
        return
    machine.refresh_from_db()
    if machine.is_settled:
        _drift(machine)


def _second_chance(machine: Machine, fields: dict[str, object]) -> dict[str, object]:
    """A machine that had failed and is well after all is picked up again."""
    well = fields["cloud_status"] in (Status.ACTIVE, Status.SUSPENDED, Status.SHELVED) and not fields["cloud_task"]
    news = fields["cloud_status"] != machine.cloud_status
    return {"retry_at": timezone.now()} if well and news and machine.wanted != Wanted.GONE else {}


def _miss(present: set[str], at: datetime) -> None:
    """Living rows whose server a whole list does not have."""
    older = Q(asked_at__isnull=True) | Q(asked_at__lt=at)
    missing = Machine.objects.alive().filter(older).exclude(server_id="").exclude(server_id__in=present)
    for machine in missing:
        _take_over(machine, {"observed_at": at, "cloud_status": Status.DELETED, "cloud_task": ""}, at)


def _drift(machine: Machine) -> None:
    """The cloud's own people are not fought with: what they did becomes the wish."""
    if machine.cloud_task or (machine.claimed_until and machine.claimed_until > timezone.now()):
        return
    try:
        _drift_to(machine, Status(machine.cloud_status))
    except LostRace:
        log.info("machine %s moved while its drift was looked at", machine.pk)


def _drift_to(machine: Machine, status: Status) -> None:
    state = State(machine.state)
    if status == Status.DELETED and state != State.GONE:
        return vanish(machine)
    if state == State.FAILED:
        return None
    if status == Status.ERROR:
        return fail(machine, Note(BROKEN))
    if status == Status.ACTIVE and state in (State.SUSPENDED, State.SHELVED):
        return follow(machine, Wanted.RUNNING, State.WAKING, Note(FOUND_UP))
    if status in FOUND and state == State.RUNNING:
        tunnels.actions.close_all(holder=machine.pk)
        asleep = State.SHELVED if status == Status.SHELVED else State.SUSPENDED
        return follow(machine, Wanted(asleep.value), asleep, Note(FOUND[status]))
    if status == Status.SHELVED and state == State.SUSPENDED:
        follow(machine, Wanted.SHELVED, State.SHELVED, Note(FOUND_AWAY))


def _take_turn(now: datetime) -> Watch | None:
    """The row, if a list is due and nobody else is at it. An unsettled machine makes it due sooner."""
    watch = Watch.the_one()
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
    soon = watch.listed_at is None or now - watch.listed_at >= _busy_pause(watch.took_seconds)
    if watch.next_at > now and not (soon and Machine.objects.unsettled().exists()):
        return None
    taken = Watch.objects.filter(free, pk=watch.pk, next_at=watch.next_at).update(
        claimed_until=now + timedelta(seconds=settings.CLAIM_SECONDS)
    )
    return watch if taken else None


def _busy_pause(took: float) -> timedelta:
    return timedelta(seconds=max(settings.SWEEP_BUSY_SECONDS, PACE * took))


def _pause(took: float) -> timedelta:
    quiet = not Machine.objects.unsettled().exists()
    return timedelta(seconds=max(settings.SWEEP_QUIET_SECONDS, PACE * took)) if quiet else _busy_pause(took)


def _room(cloud: Cloud) -> dict[str, object]:
    try:
        return asdict(cloud.room())
    except CloudBusy:
        return {}
