"""Steps from new or queued to running: ask for a server, watch it. One whose build failed is deleted, and another one made, up to MOST_BUILDS."""

from datetime import timedelta
from random import uniform
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from cloud.contract import Cloud, CloudFull, CloudGone, Status
from lib.notes import Note
from lib.states import NOTHING, write
from machines.capacity import flavor_of, waits
from machines.models import CloudWatch, Event, Machine
from machines.states import State
from machines.stepper import archive, first_boot, repair, server_spec
from machines.stepper.answering import is_resting, until_it_answers
from machines.stepper.arrows import leads_to
from machines.stepper.outcomes import (
    NEWS,
    QUEUE_FIRST,
    QUEUE_REST,
    fail,
    go,
    queue,
    refused_for_room,
    repeat,
    wait_at_most,
)
from machines.stepper.sleep import wake
from machines.stepper.unreachable import waits_for_node
from nodes.hypervisors import emptying

MOST_BUILDS = 3  # servers made for a machine that never ran, before it fails
BUILD_PAUSES = (5.0, 30.0)  # seconds before the second and the third
BUILD_AGAIN = _(
    "The cluster could not build it. Trying again, attempt %(number)s of %(most)s; you need not do anything."
)
NOT_BUILT = _(
    "The cluster could not build it in %(most)s attempts. Try again later; if it happens twice, tell your teacher."
)


@leads_to(State.BUILDING, State.QUEUED)
def begin(machine: Machine, cloud: Cloud) -> None:
    """Ask for a server, or queue the machine behind those that wait already."""
    if ahead := Machine.objects.waiting_before(machine).count():
        return _queue_behind(machine, ahead)
    _ask_for_server(machine, cloud)


@leads_to(State.BUILDING, State.WAKING)
def take_turn(machine: Machine, cloud: Cloud) -> None:
    """Ask for a server, or for a host for the server that was put away, once nobody is before the machine in the queue."""
    if ahead := Machine.objects.waiting_before(machine).count():
        return _queue_behind(machine, ahead)
    if machine.server_id:
        return wake(machine, cloud)
    _ask_for_server(machine, cloud)


def _queue_behind(machine: Machine, ahead: int) -> None:
    queue(machine, Note(QUEUE_REST[0], {"count": ahead}, QUEUE_REST[1]))


def _ask_for_server(machine: Machine, cloud: Cloud) -> None:
    if _is_room_in_doubt(machine) and not cloud.has_room(flavor_of(machine.template)):
        raise CloudFull("There is no room for it by the cloud's own book-keeping.")
    # After a first refusal the moves are silent until a host is found: each try would add two lines to the history.
    go(machine, State.BUILDING, silent=machine.full_tries > 0, **request_server(machine, cloud))
    # Nothing more can be done before a list tells of it, or somebody wants something else.
    if machine.cloud_status == Status.BUILDING:
        write(machine, unless=("observed_at", "wanted"), retry_at=timezone.now() + NEWS)


def _is_room_in_doubt(machine: Machine) -> bool:
    """Return whether the cloud's book-keeping is worth a call. A launch into a cluster with room makes none."""
    return machine.state == State.QUEUED or bool(waits(machine.template, CloudWatch.get_solo().room))


@leads_to(State.ARCHIVING, State.ARCHIVED, State.BUILDING)
def leave_queue(machine: Machine, cloud: Cloud) -> None:
    """Archive a machine that waits for room; one that never had a disk is built first."""
    if not archive.leave_queue(machine, cloud):
        begin(machine, cloud)


@leads_to(State.RUNNING, State.QUEUED, State.WAKING)
def watch_build(machine: Machine, cloud: Cloud) -> None:
    """Follow a server from accepted to answering, also after a reset."""
    if not machine.server_id:
        return request_another_server(machine, cloud)
    if machine.is_deleted:
        return handle_deleted_server(machine, cloud)
    if machine.full_tries and machine.host and machine.is_fresh and machine.cloud_status != Status.ERROR:
        record_host_found(machine)
    if machine.cloud_status == Status.ERROR and machine.is_fresh:
        return handle_failed_build(machine, cloud)
    if machine.is_up and machine.owes_reset:
        return repeat(machine, lambda: server_spec.rebuild_server(machine, cloud, machine.server_id))
    if machine.is_up:
        return until_it_answers(machine, cloud)
    if is_resting(machine):
        return repeat(machine, lambda: cloud.ensure_running(machine.server_id))
    if machine.is_fresh and emptying.dead(machine.host):
        return leave_dead_node(machine, cloud)
    wait_at_most(machine, settings.BUILD_SECONDS)


def leave_dead_node(machine: Machine, cloud: Cloud) -> None:
    """Start a machine elsewhere whose node died while it was built; one that never ran gets another server."""
    if machine.ready_at is None:
        handle_failed_build(machine, cloud)
    elif not waits_for_node(machine, cloud):
        wait_at_most(machine, settings.BUILD_SECONDS)


def request_server(machine: Machine, cloud: Cloud) -> dict[str, Any]:
    """Ask for the machine's server. Return the columns to write afterwards."""
    was_asked = machine.asked_at is not None
    server = server_spec.ensure_server(machine, cloud)
    now = timezone.now()
    # One that was made by an earlier request may have no more changes to list: silence about it makes all be listed.
    heard: dict[str, Any] = {"observed_at": now} if was_asked else {}
    # A server that was asked for under an older name is renamed once it runs.
    named: dict[str, Any] = {"names_done": machine.names_asked} if server.name == machine.name else {}
    if machine.archive_id:
        named["first_ready_at"] = machine.first_ready_at or machine.ready_at
        named["ready_at"] = None  # nothing is lost when this server is given up for another
    status: dict[str, Any] = {
        "cloud_status": server.status,
        "cloud_task": server.task[:40],
        "cloud_name": server.name[:255],
    }
    return {
        "asked_at": now,
        "server_id": server.id,
        "build_started_at": now,
        **status,
        **heard,
        **named,
        **first_boot.ANEW,
    }


def handle_failed_build(machine: Machine, cloud: Cloud) -> None:
    """Repair a machine that ever ran; of one that never did, delete the server, so that another one is made."""
    if machine.ready_at:
        return repair.escalate(machine, cloud)
    if machine.failed_server != machine.server_id and not machine.cloud_full:
        if machine.builds_failed + 1 >= MOST_BUILDS:
            return fail(machine, Note(NOT_BUILT, {"most": MOST_BUILDS}))
        _count_failure(machine)
    elif machine.failed_server != machine.server_id:
        write(machine, failed_server=machine.server_id)
    cloud.ensure_deleted(machine.server_id)
    _give_up_server(machine)


@transaction.atomic
def _count_failure(machine: Machine) -> None:
    """Count the failure before its server is deleted: a killed worker's successor goes on from here, and counts nothing twice."""
    number = machine.builds_failed + 1
    note = Note(BUILD_AGAIN, {"number": number + 1, "most": MOST_BUILDS})
    write(machine, builds_failed=number, failed_server=machine.server_id, state_note=note.as_json())
    machine.record(Event.Kind.NOTED, note)


def _give_up_server(machine: Machine) -> None:
    now = timezone.now()
    cleared: dict[str, Any] = {
        "server_id": "",
        "failed_server": "",
        "observed_at": None,
        "cloud_status": "",
        "cloud_task": "",
        "host": "",
    }
    if machine.cloud_full:
        # Nova says "full" only after it has made a record of the server. Queue the machine.
        tries, silent = min(machine.full_tries + 1, 100), machine.full_tries > 0
        # Keep the launch's place in the queue, whichever of two launches was refused first.
        queued_at = machine.queued_at or machine.build_started_at or now
        cleared |= {"cloud_full": False, "queued_at": queued_at, "full_tries": tries}
        retry_at = now + refused_for_room(machine)
        return go(machine, State.QUEUED, Note(QUEUE_FIRST), silent=silent, retry_at=retry_at, **cleared)
    pause = BUILD_PAUSES[min(machine.builds_failed, len(BUILD_PAUSES)) - 1] * uniform(0.8, 1.2)
    write(machine, retry_at=now + timedelta(seconds=pause), attempts=0, cloud_errors=0, **cleared)


@transaction.atomic
def record_host_found(machine: Machine) -> None:
    """Write the line of history that was left out while nobody could know that it would be true."""
    write(machine, full_tries=0)
    machine.record_move(State.QUEUED, State.BUILDING, NOTHING)


def request_another_server(machine: Machine, cloud: Cloud) -> None:
    """Ask for another server in place of the one that failed. Nova itself prefers hosts on which nothing failed lately."""
    write(machine, attempts=0, cloud_errors=0, retry_at=None, **request_server(machine, cloud))


def handle_deleted_server(machine: Machine, cloud: Cloud) -> None:
    """Go on after its server was deleted: by us, since its build had failed; or by somebody else, so that only an archive is left."""
    if machine.should_be_deleted:
        return _give_up_server(machine)
    if machine.archive_id and not machine.ready_at:
        return handle_failed_build(machine, cloud)
    raise CloudGone(f"Server {machine.server_id} is deleted.")
