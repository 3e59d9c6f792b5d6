"""Steps towards an archive and back: switched off, copied, its server deleted; then a server from the copy.

Machine.archive_id is written when the image is whole, and the server is deleted only after that. Whatever writes to the disk
again (a server that runs) takes it away from the row, so nothing but the present disk is ever kept for one.
"""

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

import quotas.actions
import tunnels.actions
from cloud.contract import Cloud, CloudError, CloudGone, CloudLimit, CloudRefused, Image, Server, Status
from lib.notes import Note
from lib.states import write
from machines import archive_share, refusals
from machines.models import DiskImage, Machine
from machines.states import Refused, Repair, State, Wanted
from machines.stepper.arrows import leads_to
from machines.stepper.outcomes import LOOK_AGAIN, fail, follow, go, repeat, wait_at_most
from machines.stepper.repair import BROKE
from machines.stepper.server_spec import find_server
from machines.stepper.unreachable import waits_for_node

log = logging.getLogger(__name__)

COPY_SECONDS = 3600.0  # for the cloud to copy a disk: tens of GB over an old network
STEP_SECONDS = 600.0  # to switch off and to delete: an old computer is slow at both while it copies

NO_ARCHIVE = _("This machine cannot be archived, so it stays as it is. It can be deleted for good instead.")
LOST = _("Its archive no longer exists on the cluster: somebody deleted it there. The machine can only be deleted.")
UNUSABLE = _("The cluster cannot make it from its archive. Tell your teacher: the archive is kept.")
NO_SERVER: dict[str, Any] = {
    "server_id": "", "observed_at": None, "cloud_status": "", "cloud_task": "", "cloud_fault": "", "cloud_name": "",
    "cloud_resets": 0, "cloud_restarts": 0, "address": "", "port_map": {}, "host": "",
}  # fmt: skip


@leads_to(State.ARCHIVING, State.WAKING)
def archive(machine: Machine, cloud: Cloud) -> None:
    """Begin to archive a machine. A running one is switched off first, so that its disk is complete."""
    if waits_for_node(machine, cloud):
        return None
    tunnels.actions.close_all(holder=machine.pk)
    forget_unfinished(machine, cloud)
    if machine.state != State.RUNNING:
        return go(machine, State.ARCHIVING)
    try:
        cloud.ensure_stopped(machine.server_id)
    except CloudRefused as error:
        return _stay(machine, State.WAKING, error)
    now = timezone.now()
    go(machine, State.ARCHIVING, asked_at=now, used_at=now)


@leads_to(State.ARCHIVED, State.WAKING, State.SUSPENDED, State.SHELVED)
def watch_archive(machine: Machine, cloud: Cloud) -> None:
    """Make the image, then delete the server. Until the image is whole the wish may change; after that the image is restored."""
    if machine.archive_id:
        return _until_deleted(machine, cloud)
    if machine.wanted != Wanted.ARCHIVED:
        return _turn_round(machine, cloud)
    if machine.archive_name and not machine.is_deleted:
        return _until_copied(machine, cloud)
    if _is_settling(machine):
        return None
    if machine.cloud_status == Status.ACTIVE:
        return repeat(machine, lambda: cloud.ensure_stopped(machine.server_id))
    now = timezone.now()
    # Write the name before the call: a killed worker's image is found again by it.
    write(machine, archive_name=f"minga-archive-{machine.pk}-{now:%Y%m%d%H%M%S}", asked_at=now, attempts=0)
    _until_copied(machine, cloud)


def leave_queue(machine: Machine, cloud: Cloud) -> bool:
    """Archive a machine that waits for room. False: it never had a disk, so there is nothing to archive yet."""
    if machine.archive_id:
        if half_made := find_server(machine, cloud):
            cloud.ensure_deleted(half_made.id)
        _archived(machine)
    elif machine.server_id:
        archive(machine, cloud)
    return bool(machine.archive_id or machine.server_id)


def take_up(machine: Machine, server: Server | None, cloud: Cloud) -> bool:
    """Take up a machine that failed on its way to an archive, or back. False: it was not on that way."""
    if machine.wanted == Wanted.ARCHIVED and machine.archive_id:
        if server:
            cloud.ensure_deleted(server.id)
        go(machine, State.ARCHIVING, server_id=server.id if server else "", asked_at=timezone.now())
    elif server is None and machine.archive_id:
        go(machine, State.ARCHIVED, **NO_SERVER)
    elif server and server.status == Status.STOPPED and machine.wanted != Wanted.RUNNING:
        go(machine, State.SUSPENDED, server_id=server.id)
    else:
        return False
    return True


def forget(machine: Machine, cloud: Cloud) -> None:
    """Delete the archive of a machine that is being deleted."""
    forget_unfinished(machine, cloud)
    if machine.archive_id:
        cloud.ensure_image_deleted(machine.archive_id)
        machine.copies.filter(image_id=machine.archive_id).delete()
        write(machine, archive_id="")


def forget_unfinished(machine: Machine, cloud: Cloud) -> None:
    """Delete an image that was begun: it is not of the disk as it is now."""
    if machine.archive_name:
        cloud.ensure_not_archived(machine.server_id, machine.archive_name)
        write(machine, archive_name="")


def lost(machine: Machine, cloud: Cloud) -> None:
    """Fail a machine of which the cloud knows neither image nor size, and say which of both is missing."""
    try:
        cloud.image_size(machine.archive_id)
    except CloudGone as error:
        machine.copies.filter(image_id=machine.archive_id).update(state=DiskImage.State.OVER)
        write(machine, repair=Repair.LOST)
        return fail(machine, Note(LOST), fault=str(error))
    except CloudError as error:
        log.warning("machine %s: its archive cannot be looked at: %s", machine.pk, error)
    fail(machine, Note(UNUSABLE))


def spend(machine: Machine) -> dict[str, str]:
    """Mark the archive of a machine that runs as spent, since its disk is newer from now on. Returns columns to write; the image goes later."""
    archive_share.free(machine)
    if machine.archive_id:
        machine.copies.filter(image_id=machine.archive_id).update(kind=DiskImage.Kind.SPENT)
    return {"archive_id": ""}


# ---- the parts of the way ----


def _until_copied(machine: Machine, cloud: Cloud) -> None:
    try:
        image = cloud.ensure_archived(machine.server_id, machine.archive_name)
    except CloudLimit:
        raise
    except CloudRefused as error:
        return _stay(machine, _resting(machine), error)
    if not image.ready:
        return wait_at_most(machine, COPY_SECONDS, look_again=LOOK_AGAIN)
    size = image.size_bytes or cloud.image_size(image.id)
    _keep(machine, image, size)
    cloud.ensure_deleted(machine.server_id)
    write(machine, asked_at=timezone.now(), attempts=0, cloud_errors=0, retry_at=None)


@transaction.atomic
def _keep(machine: Machine, image: Image, size: int) -> None:
    """Record the finished image as the archive: the point of no return."""
    quotas.actions.lock(machine.owner_id)
    machine.copies.filter(kind=DiskImage.Kind.ARCHIVE, state=DiskImage.State.READY).update(kind=DiskImage.Kind.SPENT)
    machine.copies.create(
        kind=DiskImage.Kind.ARCHIVE,
        state=DiskImage.State.READY,
        image_id=image.id,
        size_bytes=size,
        disk_format=image.disk_format,
        ready_at=timezone.now(),
    )
    archive_share.measure(machine, size)
    write(machine, archive_id=image.id, archive_name="")


def _until_deleted(machine: Machine, cloud: Cloud) -> None:
    if not machine.server_id or (machine.is_fresh and machine.cloud_status == Status.DELETED):
        return _archived(machine)
    if machine.is_fresh and not machine.cloud_task:
        return repeat(machine, lambda: cloud.ensure_deleted(machine.server_id))
    wait_at_most(machine, STEP_SECONDS)


@transaction.atomic
def _archived(machine: Machine) -> None:
    quotas.actions.lock(machine.owner_id)
    # Lock the machine: an action that wants it back either comes first and keeps the share, or comes later and asks for a new one.
    wanted = Machine.objects.select_for_update().values_list("wanted", flat=True).get(pk=machine.pk)
    go(machine, State.ARCHIVED, queued_at=None, **NO_SERVER)
    archive_share.take(machine)
    if wanted == Wanted.ARCHIVED:
        archive_share.keep_ports_only(machine)


def _turn_round(machine: Machine, cloud: Cloud) -> None:
    """Lead a machine that is wanted after all back to the state from which it came, or up."""
    forget_unfinished(machine, cloud)
    if _is_settling(machine):
        return
    _rests_again(machine, State.WAKING if machine.cloud_status == Status.ACTIVE else _resting(machine))


@transaction.atomic
def _rests_again(machine: Machine, state: State) -> None:
    go(machine, state)
    archive_share.free(machine)


def _is_settling(machine: Machine) -> bool:
    """Return whether this step has to wait for the cloud, or has failed: then it has written so."""
    if machine.is_deleted:
        raise CloudGone(f"Server {machine.server_id} is deleted.")
    if machine.is_broken:
        fail(machine, Note(BROKE))
    elif not machine.is_fresh or machine.cloud_task:
        wait_at_most(machine, STEP_SECONDS)
    else:
        return False
    return True


def _resting(machine: Machine) -> State:
    return State.SHELVED if machine.cloud_status == Status.SHELVED else State.SUSPENDED


@transaction.atomic
def _stay(machine: Machine, state: State, error: CloudRefused) -> None:
    """Keep a machine whose disk the cloud cannot archive. Its age counts from now, or the next sweep would try the same again."""
    log.warning("machine %s cannot be archived: %s", machine.pk, error)
    wanted = Wanted.RUNNING if state == State.WAKING else Wanted(state.value)
    refusal = refusals.kept(Refused.ARCHIVE, NO_ARCHIVE)
    write(machine, archive_name="", binned_at=None, used_at=timezone.now(), **refusal)
    archive_share.free(machine)
    follow(machine, wanted, state, Note(NO_ARCHIVE))
