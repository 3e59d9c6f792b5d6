"""A machine's disk to take home: an image is made of it where there is none, read in chunks, and deleted after a day.

What is left of archives is removed here, too. Rows say what is to be done; `tend` does it, from a worker. What web sends to a
person comes from the process that reads disks: web has no credential of the cloud.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_noop as _

import quotas.actions
import tunnels.queries
from accounts.failures import Failures
from accounts.models import User
from cloud import open_disks
from cloud.contract import Cloud, CloudBusy, CloudError, CloudGone, CloudRefused, Image
from lib import doorbell, events
from lib.notes import Note, Refusal
from machines import moment_share
from machines.models import DiskImage, Event, Machine
from machines.rules import NOT_NOW, WrongState, locked
from machines.states import State, Wanted

log = logging.getLogger(__name__)
LOOP, TIDY = "copies", "needless copies"  # of accounts.failures

LEFT = timedelta(days=14)  # for what is left of a machine that vanished
KEPT = timedelta(hours=24)  # a download: time enough for a slow line, or to go home first
PAUSE = timedelta(seconds=5)  # between two looks at an image that is being made
HELD = timedelta(seconds=60)  # in one worker's hands
LONGEST = timedelta(hours=2)  # in the making; then it has failed
MOST = 5  # looked at in one turn
TRIES = 4  # in a row, before the first byte; then the person reads that the cloud does not answer
# In a row, after the first byte: half a minute, in which a killed process is back. No error can be shown in the middle of a file.
TRIES_ON_THE_WAY = 10
LONGEST_SLEEP = 4.0  # seconds between two of them
HAS_DISK = (State.RUNNING, State.SUSPENDED, State.SHELVED)
K, S = DiskImage.Kind, DiskImage.State

COULD_NOT = _("The cluster could not make an image of its disk. Try again; if it happens twice, tell your teacher.")
CANNOT = _("The cluster cannot make an image of this machine's disk.")
CHANGED = _("The machine changed meanwhile, and its image is gone. Ask for a new one.")
NOT_KEPT = _("The machine changed before the copy began, so this moment was not kept. Delete it and keep another one.")
BEING_MADE = _("It is still being prepared. Try again in a minute.")
ASK_FIRST = _("There is nothing to download yet. Ask for it first.")
NO_ANSWER = _("The cluster does not answer just now. Try again in a minute; what you have of it is not lost.")
NO_DISK = _("There is no disk to download yet. Wait until the machine runs, or sleeps.")


class NotReady(WrongState):
    """Raised while there is no image to download."""

    code = "not_ready"


class NoLonger(Refusal):
    """An image that the cloud no longer has."""

    status = 410
    code = "no_longer"


class Away(Refusal):
    """The cloud does not answer."""

    status = 503
    code = "cloud_away"


@transaction.atomic
def request(*, machine: Machine, by: User) -> DiskImage:
    """Ask for an image of the disk as it is now, kept for a day. An image that is due or ready, or the archive, is returned as it is."""
    machine = locked(machine)
    if machine.state != State.SHELVED:  # the cloud's own image went when it woke
        machine.copies.filter(borrowed=True, state=S.READY).update(state=S.OVER)
    found = current(machine)
    if found and found.state in (S.DUE, S.READY):
        return found
    if not has_disk(machine):
        raise NotReady(NO_DISK if machine.state not in (State.DELETING, State.GONE) else NOT_NOW[State(machine.state)])
    name = f"minga-download-{machine.pk}-{timezone.now():%Y%m%d%H%M%S}"
    disk_image: DiskImage = machine.copies.create(kind=K.DOWNLOAD, name=name, server_id=machine.server_id)
    machine.record(Event.Kind.WISHED, Note(_("Its disk was asked for, to be downloaded.")), by=by, verb="copy_disk")
    doorbell.ring("machines.tasks.tend_copies")
    return disk_image


def has_disk(machine: Machine) -> bool:
    """Return whether an image can be asked for: also of a machine that broke down, before anything is done that loses its disk."""
    broke_down = machine.state == State.FAILED and machine.ready_at is not None and machine.wanted != Wanted.GONE
    return bool(machine.server_id) and (machine.state in HAS_DISK or broke_down)


def current(machine: Machine) -> DiskImage | None:
    """Return the image that the machine's page shows: its archive, else the last that was asked for, unless that is over."""
    if machine.state == State.DELETING:
        return None
    if machine.state == State.GONE or (machine.state == State.FAILED and machine.archive_id):
        return left_of([machine]).get(machine.pk)
    is_archive = machine.state in (State.ARCHIVED, State.QUEUED) and bool(machine.archive_id)
    kind = Q(kind=K.ARCHIVE, image_id=machine.archive_id) if is_archive else Q(kind=K.DOWNLOAD)
    if machine.state != State.SHELVED:
        kind &= Q(borrowed=False)
    found: DiskImage | None = machine.copies.filter(kind).exclude(state=S.OVER).first()
    return found


def left_of(machines: Iterable[Machine]) -> dict[UUID, DiskImage]:
    """Return what can still be downloaded of machines that have failed or vanished: at most one query."""
    broken = {machine.pk: machine for machine in machines if machine.state == State.FAILED or machine.is_missed}
    found: dict[UUID, DiskImage] = {}
    if broken:
        now = timezone.now()
        for disk_image in DiskImage.objects.filter(machine__in=broken, state=S.READY, borrowed=False):
            if _is_left(broken[disk_image.machine_id], disk_image, now):
                found.setdefault(disk_image.machine_id, disk_image)
    return found


def _is_left(machine: Machine, disk_image: DiskImage, now: datetime) -> bool:
    """Return whether this is the machine's disk: its archive, while nothing has run from that; else a download of these days."""
    if machine.archive_id and machine.state == State.FAILED:
        return disk_image.image_id == machine.archive_id
    return disk_image.kind != K.ARCHIVE and disk_image.expires_at is not None and disk_image.expires_at > now


def keep_what_is_left(machine: Machine, now: datetime) -> None:
    """Keep images of the disk of a machine that vanished for longer than those of one that lives: there is no other disk any more."""
    left = machine.copies.filter(kind__in=[K.DOWNLOAD, K.SPENT], state=S.READY, borrowed=False)
    (left | machine.copies.filter(kind=K.MOMENT, state=S.READY, expires_at=None)).update(expires_at=now + LEFT)


def ready(machine: Machine) -> DiskImage:
    """Return the image to download. Raises NotReady with a sentence."""
    disk_image = current(machine)
    if disk_image is None or disk_image.state != S.READY:
        raise NotReady(BEING_MADE if disk_image and disk_image.state == S.DUE else ASK_FIRST)
    return disk_image


def read(disk_image: DiskImage, start: int, end: int) -> Iterator[bytes]:
    """Read the bytes from `start` to before `end`. Raises NoLonger or Away before the first byte."""
    try:
        yield from _read(disk_image, start, end)
    except CloudGone as error:
        log.warning("the image %s is gone: %s", disk_image.image_id, error)
        DiskImage.objects.filter(pk=disk_image.pk, kind=K.DOWNLOAD).update(state=S.OVER)
        raise NoLonger(CHANGED) from error
    except CloudError as error:
        log.warning("the image %s cannot be read: %s", disk_image.image_id, error)
        raise Away(NO_ANSWER) from error


def _read(disk_image: DiskImage, start: int, end: int) -> Iterator[bytes]:
    """Read the bytes; go on where the cloud, or the way from it, broke off."""
    disks, at, tries = open_disks(), start, 0
    while at < end:
        try:
            for chunk in disks.read_image(disk_image.image_id, at, end - at):
                at, tries = at + len(chunk), 0
                yield chunk
            if at < end:
                raise CloudBusy(f"Image {disk_image.image_id} ended at {at}, before {end}.")
        except CloudBusy:
            tries += 1
            if tries == (TRIES if at == start else TRIES_ON_THE_WAY):
                raise
            time.sleep(min(0.5 * tries, LONGEST_SLEEP))


# ---- the worker's part ----


def ring(now: datetime) -> None:
    if DiskImage.objects.due(now).exists():
        doorbell.ring("machines.tasks.tend_copies")


def tend(cloud: Cloud, now: datetime) -> None:
    """Go on with those that are being made. A cloud that is busy is asked again later."""
    failures = Failures(LOOP, now)
    due = DiskImage.objects.due(now).exclude(pk__in=failures.resting)
    for disk_image in due.select_related("machine").order_by("next_at")[:MOST]:
        if DiskImage.objects.filter(pk=disk_image.pk, state=S.DUE, next_at=disk_image.next_at).update(
            next_at=now + HELD
        ):
            with failures.at(disk_image.pk, holder=disk_image.machine_id) as tried:
                _go_on(disk_image, cloud, now)
            if tried.failure:
                _wait(disk_image, now)


def tidy(cloud: Cloud, now: datetime) -> None:
    """Delete in the cloud what nobody needs any more. What cannot be deleted now is tried again the next time."""
    failures = Failures(TIDY, now)
    for disk_image in _needless(now, failures.resting):
        with failures.at(disk_image.pk, holder=disk_image.machine_id, busy=(CloudError,)):
            _drop(disk_image, cloud)
        if failures.is_enough:
            return


def _go_on(disk_image: DiskImage, cloud: Cloud, now: datetime) -> None:
    try:
        image, borrowed = _image(disk_image, cloud)
    except CloudBusy as error:
        log.warning("the disk of machine %s: %s", disk_image.machine_id, error)
        return _wait(disk_image, now)
    except CloudGone:
        return _fail(disk_image, NOT_KEPT if disk_image.kind == K.MOMENT else CHANGED)
    except CloudRefused as error:
        log.error("the disk of machine %s: the cloud refused: %s", disk_image.machine_id, error)
        return _fail(disk_image, CANNOT)
    if not image.ready:
        return _wait(disk_image, now, image_id=image.id)
    size = image.size_bytes or cloud.image_size(image.id)
    facts = {"image_id": image.id, "borrowed": borrowed, "size_bytes": size, "disk_format": image.disk_format}
    expires_at = None if disk_image.kind == K.MOMENT else now + KEPT
    with transaction.atomic():
        quotas.actions.lock(disk_image.machine.owner_id)
        if _write(disk_image, state=S.READY, ready_at=now, expires_at=expires_at, **facts):
            moment_share.measure(disk_image, size)


def _image(disk_image: DiskImage, cloud: Cloud) -> tuple[Image, bool]:
    """Return the image and whether it is borrowed: an image that the cloud keeps anyway is only read, and goes when the machine wakes."""
    kept = cloud.kept_image(disk_image.server_id)
    if disk_image.kind == K.MOMENT:
        if kept or (not disk_image.image_id and disk_image.is_of_another_disk):
            raise CloudGone("It was put away, or its disk was replaced, before the copy began.")
    elif kept:
        return kept, True
    return cloud.ensure_archived(disk_image.server_id, disk_image.name), False


def _wait(disk_image: DiskImage, now: datetime, **facts: object) -> None:
    if now - disk_image.asked_at > LONGEST:
        return _fail(disk_image, COULD_NOT)
    _write(disk_image, next_at=now + PAUSE, **facts)


@transaction.atomic
def _fail(disk_image: DiskImage, text: str) -> None:
    _write(disk_image, state=S.FAILED, stored_note=Note(text).as_json())
    moment_share.free(disk_image)


def _write(disk_image: DiskImage, **fields: object) -> bool:
    """Write facts while the image is still being made. False: it was given up meanwhile."""
    written = DiskImage.objects.filter(pk=disk_image.pk, state=S.DUE).update(**fields)
    events.publish("machine", disk_image.machine_id)
    return bool(written)


def _needless(now: datetime, resting: Sequence[str]) -> list[DiskImage]:
    """List images to delete: downloads whose day is over, failed ones, spent archives, and all of machines that are gone."""
    over = Q(kind=K.DOWNLOAD) & (Q(state=S.FAILED) | Q(state=S.READY, expires_at__lt=now))
    # A worker may still be asking for the image of a moment that was given up: next_at says until when it holds it.
    over |= Q(kind=K.MOMENT) & (Q(state=S.FAILED, next_at__lte=now) | Q(state=S.READY, expires_at__lte=now))
    missed = Q(machine__vanished=True, machine__dismissed_at=None)
    is_left = missed & Q(state=S.READY, borrowed=False, expires_at__gt=now)
    of_gone = Q(machine__state=State.GONE) & ~is_left
    spent = Q(kind=K.SPENT, machine__state__in=[State.RUNNING, State.ARCHIVED])
    rows = DiskImage.objects.exclude(state=S.OVER).exclude(pk__in=resting).filter(machine__held_at__isnull=True)
    rows = rows.filter(over | of_gone | spent, _name_or_image())
    found = rows.select_related("machine").order_by("pk")[: 10 * MOST]
    return [disk_image for disk_image in found if disk_image.kind != K.SPENT or _is_spent(disk_image.machine)]


def _name_or_image() -> Q:
    """Match images that may be in the cloud."""
    return ~Q(name="") | ~Q(image_id="")


def _is_spent(machine: Machine) -> bool:
    """Return whether an archive is no longer needed: the guest made of it has answered, or the machine has an archive of its own."""
    return machine.state != State.RUNNING or tunnels.queries.primary_answered(machine.pk)


def _drop(disk_image: DiskImage, cloud: Cloud) -> None:
    if not disk_image.borrowed:
        if disk_image.image_id and disk_image.kind != K.MOMENT:
            cloud.ensure_image_deleted(disk_image.image_id)
        elif (
            disk_image.name
        ):  # of a moment in any case: this spares the image of which a server that was put away lives
            cloud.ensure_not_archived(disk_image.server_id, disk_image.name)
    # A failed download keeps its sentence until it is asked for again; the cloud has nothing of it any more.
    is_kept = disk_image.kind != K.MOMENT or disk_image.expires_at is None
    kept = disk_image.state == S.FAILED and disk_image.machine.state != State.GONE and is_kept
    facts: dict[str, object] = {"name": "", "image_id": ""} if kept else {"state": S.OVER}
    DiskImage.objects.filter(pk=disk_image.pk).update(**facts, next_at=F("next_at"))
