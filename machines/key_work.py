"""Carry out what machines.key_changes asks for: by ssh, with the portal's key of each machine, at its known host key only.

One session in each machine does all that waits for it. No two workers are in one machine at the same time: each rewrites its file.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import UUID

from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.failures import Failures
from accounts.models import SshKey
from lib import events
from lib.notes import Note
from machines import (
    authorized_keys,
    host_keys,
    installed_keys,
    key_changes,
    key_faults,
    portal_keys,
    sealing,
    ssh_contact,
)
from machines.host_keys import Disk
from machines.key_faults import KeyFault
from machines.models import Event, KeyChange, Machine, PortalKey
from machines.ssh_contact import Contact, Fault, OtherHostKey

if TYPE_CHECKING:
    import asyncssh

log = logging.getLogger(__name__)

LOOP = "keys"  # of accounts.failures
MOST = 20  # machines side by side
SECONDS = 15.0  # for one machine, from connecting until all is done
CLAIM = timedelta(seconds=60)  # after that its worker is presumed dead
TRIES, PAUSE = 3, timedelta(seconds=10)
CLAIM_LOCK = 0x6B657973  # of pg_advisory_xact_lock: claims are made one at a time
PUT_IN = _("The key “%(name)s” was put into it.")
TAKEN_OUT = _("The key “%(name)s” was taken out of it.")
OWN_TAKEN_OUT = _("Minga's own key was taken out of it.")
Verb, State = KeyChange.Verb, KeyChange.State


@dataclass
class Job:
    """The work to be done in one machine, and how each part ended: None for done."""

    machine: Machine
    contact: Contact
    portal: PortalKey
    key: "asyncssh.SSHKey"
    changes: list[KeyChange]
    ended: dict[int, KeyFault | None] = field(default_factory=dict)
    other_host_key: str = ""  # that the guest showed
    is_let_in: bool = True

    def fail(self, fault: KeyFault) -> None:
        """Note a fault for what has not ended yet."""
        self.ended = {change.pk: self.ended.get(change.pk, fault) for change in self.changes}


def tend(now: datetime) -> int:
    """Do what is due. Return in how many machines."""
    failures = Failures(LOOP, now)
    jobs = failures.each(_claimed(now, failures), _job, key=lambda changes: changes[0].machine_id)
    ready = [job for job in jobs if job is not None]
    if ready:
        async_to_sync(_work)(ready, failures)
    return len(ready)


def _end(job: Job, failures: Failures) -> None:
    with failures.at(job.machine.pk, holder=job.machine.pk):
        _write(job)


def _write(job: Job) -> None:
    """Write down how it ended, whole or not at all: what a worker that dies here has not written is done once more."""
    _judge(job)
    with transaction.atomic():
        # The order of key_changes.before_key_goes: keys, then changes.
        texts = [change.public_key for change in job.changes]
        list(SshKey.objects.select_for_update(no_key=True).filter(user=job.machine.owner, public_key__in=texts))
        for change in job.changes:
            _settle(change, job.ended.get(change.pk, key_faults.UNREACHABLE), job.contact.disk)
        _after(job)


# ---- claimed ----


def _claimed(now: datetime, failures: Failures) -> list[list[KeyChange]]:
    """Take what is due, by machine, of machines in which no other worker is."""
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    waiting = KeyChange.objects.filter(state=State.WAITING)
    if not waiting.filter(free, next_at__lte=now).exists():
        return []
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])
        taken = waiting.filter(claimed_until__gt=now).values("machine")
        due = (
            waiting.filter(free, next_at__lte=now)
            .exclude(machine__in=taken)
            .exclude(machine__in=map(UUID, failures.resting))
        )
        machines = list(dict.fromkeys(due.order_by("next_at", "pk").values_list("machine", flat=True)))[:MOST]
        parts = ("machine__owner", "machine__template__image", "key", "by")
        # Locked: what its owner takes back at this moment is not begun.
        found = due.filter(machine__in=machines).select_for_update(of=("self",))
        rows = list(found.select_related(*parts).order_by("machine", "pk"))
        KeyChange.objects.filter(pk__in=[row.pk for row in rows]).update(claimed_until=timezone.now() + CLAIM)
    return [list(group) for _machine, group in groupby(rows, key=lambda row: row.machine_id)]


def _job(changes: list[KeyChange]) -> Job | None:
    """Return the job of a machine; None where nothing can be done, which is noted."""
    machine = changes[0].machine
    contact, portal = ssh_contact.contact(machine), portal_keys.of(machine)
    fault = key_faults.not_now(machine)
    if fault is None and (portal is None or not portal.public_key):
        fault = key_faults.by_hand(machine)
    if fault is None and portal is not None:
        try:
            return Job(machine, contact, portal, portal_keys.private_key(portal), changes)
        except sealing.NoKeys:
            fault = key_faults.NO_SITE_KEY
        except sealing.Unreadable:
            fault = key_faults.UNREADABLE
    with transaction.atomic():
        for change in changes:
            _settle(change, fault, contact.disk)
            if portal is not None and _is_own(change, portal):
                key_changes.forget_portal_key(portal, machine, by=change.by, is_left=True)
    return None


# ---- done in the guest ----


async def _work(jobs: Iterable[Job], failures: Failures) -> None:
    """Do the jobs side by side. Each is written down as soon as it ends: nobody waits for a slow guest of another machine."""

    async def one(job: Job) -> None:
        await _at(job)
        # On the one thread that waits for this, since the jobs share its connection.
        await sync_to_async(_end)(job, failures)

    await asyncio.gather(*map(one, jobs))


async def _at(job: Job) -> None:
    """Do all that waits for one machine. A guest may answer anything: it must not cost another machine its turn."""
    import asyncssh

    guest = await ssh_contact.guest_at(job.contact)
    if isinstance(guest, Fault):
        return job.fail(key_faults.UNREACHABLE)
    try:
        async with asyncio.timeout(SECONDS), ssh_contact.signed_in(guest, [job.key]) as session:
            await _change(job, session)
    except OtherHostKey as error:
        job.other_host_key = error.shown
    except asyncssh.PermissionDenied:
        job.is_let_in = False
    except Exception as error:
        log.info("machine %s: its keys could not be changed: %s", job.machine.pk, ssh_contact.fault_of(error).text)
        job.fail(key_faults.UNREACHABLE)


async def _change(job: Job, session: "asyncssh.SSHClientConnection") -> None:
    """Put in, then take out; the portal's own key last, since this session is by it."""
    for change in sorted(job.changes, key=lambda one: (one.verb == Verb.TAKE_OUT, _is_own(one, job.portal))):
        if change.verb == Verb.PUT_IN and change.key is None:
            job.ended[change.pk] = key_faults.KEY_DELETED
            continue
        act = authorized_keys.put if change.verb == Verb.PUT_IN else authorized_keys.take
        outcome = await act(session, [authorized_keys.line_of(change.public_key, change.name)])
        job.ended[change.pk] = None if outcome.done else key_faults.not_taken(outcome.why)


# ---- noted ----


def _judge(job: Job) -> None:
    """Note why nobody was let in. A machine that was reset meanwhile shows another host key, and is tried again."""
    if job.other_host_key:
        known = host_keys.refuse(job.contact.disk, job.other_host_key)
        job.fail(key_faults.HOST_KEY if known else key_faults.UNREACHABLE)
    elif not job.is_let_in:
        job.fail(key_faults.refused(job.machine, job.portal))


def _settle(change: KeyChange, fault: KeyFault | None, disk: Disk) -> None:
    """Write down how a change ended. A change that was asked for again meanwhile waits for its own turn."""
    now = timezone.now()
    as_asked = KeyChange.objects.filter(pk=change.pk, verb=change.verb, asked_at=change.asked_at, state=State.WAITING)
    KeyChange.objects.filter(pk=change.pk).update(claimed_until=None)
    if fault is None:
        return _done(change, as_asked.update(state=State.DONE, ended_at=now, code="", stored_note={}) > 0, disk)
    if fault.young:
        # This uses up no try: at the end of its first boot a guest may restart its ssh, and not answer for a moment.
        as_asked.update(next_at=now + PAUSE)
    elif fault.again and change.tries + 1 < TRIES:
        as_asked.update(tries=change.tries + 1, next_at=now + PAUSE)
    else:
        as_asked.update(state=State.FAILED, ended_at=now, code=fault.code, stored_note=fault.note.as_json())
    events.publish("machine", change.machine_id)


def _done(change: KeyChange, is_as_asked: bool, disk: Disk) -> None:
    """Note what is in the disk now, and the line of the machine's history."""
    if change.verb == Verb.PUT_IN:
        installed_keys.put_in_one(disk, change.machine.owner, change.name, change.public_key)
    else:
        installed_keys.taken_out(disk, [change.public_key])
    is_own = change.name == portal_keys.COMMENT and change.key_id is None
    if is_as_asked:
        text = PUT_IN if change.verb == Verb.PUT_IN else OWN_TAKEN_OUT if is_own else TAKEN_OUT
        change.machine.record(Event.Kind.NOTED, Note(text, {"name": change.name}), by=change.by)


def _after(job: Job) -> None:
    """Note that the guest took the portal's key, and forget that key where its owner removed it."""
    if any(fault is None for fault in job.ended.values()):
        portal_keys.has_let_in(job.portal)
        host_keys.shown_again([job.machine.pk])
    for change in job.changes:
        if _is_own(change, job.portal) and not _is_tried_again(change):
            is_left = job.ended.get(change.pk) is not None
            key_changes.forget_portal_key(job.portal, job.machine, by=change.by, is_left=is_left)


def _is_own(change: KeyChange, portal: PortalKey) -> bool:
    """Say whether to take the portal's own key out. The machine's owner may also have put it in as one of theirs."""
    return change.verb == Verb.TAKE_OUT and change.public_key == portal.public_key


def _is_tried_again(change: KeyChange) -> bool:
    return KeyChange.objects.filter(pk=change.pk, state=State.WAITING).exists()
