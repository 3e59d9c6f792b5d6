"""The whole life of a machine: STEPS says which one step leads from a state towards a wish.

A step is idempotent. It calls the cloud first and records after, so a lost request, a lost reply or a killed worker
costs one more turn and never a second server. `advance` is called with a row that is claimed; see lib.claims.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

import quotas.actions
import tunnels.actions
import tunnels.queries
from cloud.contract import Cloud, CloudBusy, CloudFull, CloudGone, CloudLimit, CloudRefused, Status
from lib.notes import Note
from lib.states import NOTHING, write
from machines import archive, archive_share, asking, builds, first_boot, one_cloud, refusals, repair
from machines.models import Machine, Watch
from machines.offers import flavor_of, waits
from machines.pace import (
    LOOK_AGAIN,
    QUEUE_FIRST,
    QUEUE_REST,
    again,
    calm,
    fail,
    follow,
    go,
    later,
    limited,
    queue,
    wait,
    wait_at_most,
)
from machines.resting import shelve, suspend, wake, watch_rest
from machines.states import Refused, Repair, Setup, State, Wanted
from tunnels.models import Tunnel

log = logging.getLogger(__name__)
Step = Callable[[Machine, Cloud], None]

VANISHED = _("It no longer exists on the cluster: somebody deleted it there.")
NO_RESET = _("It could not be reset: the cluster no longer has what its template is made of. It stays as it is.")
SILENT = _("Almost there. What does not answer yet: %(services)s.")
SOME_SILENT = _("It runs, but not everything in it answers yet: %(services)s.")
QUIET_GUEST = _("It runs, but it has not answered yet. Give it a minute; if nothing comes, restart it.")


def advance(machine: Machine, cloud: Cloud) -> bool:
    """Take one step towards the wish. True when the state changed and there is more to do at once."""
    before = machine.state
    try:
        one_cloud.require(cloud)
        _step(machine)(machine, cloud)
    except CloudBusy as error:
        later(machine, error)
    except CloudFull:
        queue(machine, Note(QUEUE_FIRST))
    except CloudGone as error:
        log.warning("machine %s: %s", machine.pk, error)
        _vanished(machine, cloud, error)
    except CloudLimit as error:
        limited(machine, error)
    except CloudRefused as error:
        log.error("machine %s: the cloud refused: %s", machine.pk, error)
        fail(machine, refusals.note(machine, error), fault=str(error))
    return machine.state != before and not machine.is_settled and machine.retry_at is None


def _step(machine: Machine) -> Step:
    if machine.wanted != Wanted.GONE and machine.must_take_in:
        return asking.to_adopt
    if machine.is_misnamed and machine.has_come_true:
        return asking.to_rename
    return STEPS[machine.wanted, machine.state]


# ---- towards running ----


def begin(machine: Machine, cloud: Cloud) -> None:
    """Ask for a server, or for a host for the one that was put away, when it is our turn."""
    if ahead := Machine.objects.waiting_before(machine).count():
        return queue(machine, Note(QUEUE_REST[0], {"count": ahead}, QUEUE_REST[1]))
    if machine.server_id:
        return wake(machine, cloud)
    if _is_room_in_doubt(machine) and not cloud.has_room(flavor_of(machine.template)):
        raise CloudFull("There is no room for it by the cloud's own book-keeping.")
    # Who was sent back before is silent until a host is found: else each try would be two lines of its history.
    go(machine, State.BUILDING, silent=machine.full_tries > 0, **builds.asked(machine, cloud))


def _is_room_in_doubt(machine: Machine) -> bool:
    """Whether a look at the book-keeping is worth its call. A launch that finds room everywhere costs none."""
    return machine.state == State.QUEUED or bool(waits(machine.template, Watch.the_one().room))


def watch_build(machine: Machine, cloud: Cloud) -> None:
    """From accepted to answering. A reset comes through here, too."""
    if not machine.server_id:
        return builds.once_more(machine, cloud)
    if machine.is_deleted:
        return builds.deleted(machine, cloud)
    if machine.full_tries and machine.host and machine.is_fresh and machine.cloud_status != Status.ERROR:
        builds.found_a_host(machine)
    if machine.cloud_status == Status.ERROR and machine.is_fresh:
        return builds.failed(machine, cloud)
    if machine.is_up and machine.owes_reset:
        return again(machine, lambda: asking.for_reset(machine, cloud, machine.server_id))
    if machine.is_up:
        return _until_it_answers(machine, cloud)
    if _is_resting(machine):
        return again(machine, lambda: cloud.ensure_running(machine.server_id))
    wait_at_most(machine, settings.BUILD_SECONDS)


def watch_wake(machine: Machine, cloud: Cloud) -> None:
    """From asleep, put away or restarting to answering."""
    if machine.is_deleted:
        raise CloudGone(f"Server {machine.server_id} is deleted.")
    if machine.owes_move:
        return repair.watch_move(machine, cloud)
    if machine.is_broken:
        return repair.climb(machine, cloud)
    if machine.is_fresh and machine.cloud_status == Status.RESCUED and not machine.cloud_task:
        return fail(machine, Note(repair.IN_RESCUE))
    if machine.is_up and machine.owes_restart:
        return again(machine, lambda: cloud.ensure_restarted(machine.server_id, machine.restarts_asked))
    if machine.is_up and machine.wanted != Wanted.RUNNING:
        return _runs(machine)
    if machine.is_up:
        return _until_it_answers(machine, cloud)
    if _is_resting(machine):
        return again(machine, lambda: cloud.ensure_running(machine.server_id))
    repair.watch_restart(machine, cloud)


def do_once(machine: Machine, cloud: Cloud) -> None:
    """It runs, and something was asked of it: a reset, a rescue, a move, a restart, or other ports."""
    if machine.rescues_asked != machine.rescues_done:
        repair.rescue(machine, cloud)
    elif machine.owes_move:
        repair.move(machine, cloud)
    elif machine.resets_asked != machine.resets_done:
        reset(machine, cloud)
    elif machine.restarts_asked != machine.restarts_done:
        tunnels.actions.close_all(holder=machine.pk)
        cloud.ensure_restarted(machine.server_id, machine.restarts_asked)
        go(machine, State.WAKING, asked_at=timezone.now())
    elif machine.ports_asked != machine.ports_done:
        asked = machine.ports_asked
        cloud.ensure_ports(machine.server_id, asking.ports_of(machine))
        port_map = _found_at(machine, cloud)
        machine.port_map = port_map
        _open_ports(machine)
        write(machine, ports_done=asked, port_map=port_map, **calm(machine))


def reset(machine: Machine, cloud: Cloud) -> None:
    """Where the cloud refuses it (its image is gone), the machine stays as it is."""
    tunnels.actions.close_all(holder=machine.pk)
    try:
        asking.for_reset(machine, cloud, machine.server_id)
    except CloudRefused as error:
        log.warning("machine %s cannot be reset: %s", machine.pk, error)
        write(machine, resets_done=machine.resets_asked, **refusals.kept(Refused.RESET, NO_RESET))
        return follow(machine, Wanted.RUNNING, State.WAKING, Note(NO_RESET))
    go(machine, State.BUILDING, asked_at=timezone.now(), **first_boot.ANEW)


def revive(machine: Machine, cloud: Cloud) -> None:
    """It had failed, and a person said: again. Go on from what the cloud has."""
    if machine.adopting:
        return wake(machine, cloud)  # it has no mark yet by which it could be found
    if machine.rescues_asked != machine.rescues_done and machine.server_id:
        return repair.rescue(machine, cloud)
    archive.forget_unfinished(machine, cloud)
    server = asking.its_server(machine, cloud)
    if archive.take_up(machine, server, cloud):
        return None
    if server is None:
        return go(machine, State.NEW, server_id="", observed_at=None)
    if server.status == Status.ERROR and machine.ready_at is None:
        # It never ran, so nothing of the student's is in it: a new one is the better try.
        cloud.ensure_deleted(server.id)
        return go(machine, State.ARCHIVED if machine.archive_id else State.NEW, server_id="", observed_at=None)
    if machine.resets_asked != machine.resets_done:
        asking.for_reset(machine, cloud, server.id)
        return go(machine, State.BUILDING, asked_at=timezone.now(), server_id=server.id, **first_boot.ANEW)
    if machine.owes_move:
        return repair.move(machine, cloud, server.id)
    if server.status == Status.ERROR:
        return repair.climb(machine, cloud, server.id)
    if server.status in (Status.SUSPENDED, Status.SHELVED):
        return go(machine, State(server.status.value), server_id=server.id)
    cloud.ensure_running(server.id)
    go(machine, State.WAKING, asked_at=timezone.now(), server_id=server.id)


# ---- towards gone ----


def delete(machine: Machine, cloud: Cloud) -> None:
    """Close its ports at once, then let the cloud delete it. A server whose number we never heard is looked for."""
    tunnels.actions.release(holder=machine.pk)
    archive.forget(machine, cloud)
    server_id = machine.server_id or getattr(cloud.find_server(str(machine.pk)), "id", "")
    if not server_id or (machine.is_fresh and machine.cloud_status == Status.DELETED):
        return finish(machine)
    cloud.ensure_deleted(server_id)
    go(machine, State.DELETING, asked_at=timezone.now(), server_id=server_id)


def watch_delete(machine: Machine, cloud: Cloud) -> None:
    if machine.is_fresh and machine.cloud_status == Status.DELETED:
        return finish(machine)
    if machine.is_fresh and not machine.cloud_task:
        return again(machine, lambda: cloud.ensure_deleted(machine.server_id))
    wait_at_most(machine, settings.STEP_SECONDS)


@transaction.atomic
def finish(machine: Machine, note: Note = NOTHING) -> None:
    """It is gone: its ports are given back, and so is its share of the quota."""
    held = list(Tunnel.objects.filter(holder=machine.pk, extra=True).values_list("pk", flat=True))
    # The machine's row is locked before the gateway's, as every action does it.
    go(machine, State.GONE, note, gone_at=timezone.now())
    quotas.actions.free(holders=[machine.pk, archive_share.holder_of(machine), *held])
    tunnels.actions.release(holder=machine.pk)


def rest(machine: Machine, cloud: Cloud) -> None:
    """Nothing to do."""


def leave_queue(machine: Machine, cloud: Cloud) -> None:
    if not archive.leave_queue(machine, cloud):
        begin(machine, cloud)


_TOWARDS_REST: dict[State, Step] = {
    State.NEW: begin,
    State.QUEUED: begin,
    State.BUILDING: watch_build,
    State.WAKING: watch_wake,
    State.SUSPENDING: watch_rest,
    State.SHELVING: watch_rest,
    State.SHELVED: rest,
    State.ARCHIVING: archive.watch_archive,
    State.ARCHIVED: begin,
    State.FAILED: revive,
    State.GONE: rest,
}
_BY_WISH: dict[Wanted, dict[State, Step]] = {
    Wanted.RUNNING: {**_TOWARDS_REST, State.RUNNING: do_once, State.SUSPENDED: wake, State.SHELVED: wake},
    Wanted.SUSPENDED: {**_TOWARDS_REST, State.RUNNING: suspend, State.SUSPENDED: rest},
    Wanted.SHELVED: {**_TOWARDS_REST, State.RUNNING: shelve, State.SUSPENDED: shelve},
    Wanted.ARCHIVED: {
        **_TOWARDS_REST,
        **dict.fromkeys((State.RUNNING, State.SUSPENDED, State.SHELVED), archive.archive),
        State.QUEUED: leave_queue,
        State.ARCHIVED: rest,
    },
    Wanted.GONE: {**dict.fromkeys(State, delete), State.DELETING: watch_delete, State.GONE: rest},
}
# A machine is only ever in `deleting` with the wish `gone`, which nobody can take back.
STEPS: dict[tuple[str, str], Step] = {(w, s): step for w, steps in _BY_WISH.items() for s, step in steps.items()}


# ---- what steps share ----


def _vanished(machine: Machine, cloud: Cloud, error: CloudGone) -> None:
    if machine.wanted == Wanted.GONE:
        return finish(machine)
    if machine.archive_id:
        return archive.lost(machine, cloud)
    if not machine.server_id:
        # Its image or its size is gone, not itself.
        return fail(machine, refusals.note(machine, error), fault=str(error))
    vanish(machine)


@transaction.atomic
def vanish(machine: Machine) -> None:
    """Its server is no more, and not by our wish."""
    write(machine, wanted=Wanted.GONE, vanished=True)
    finish(machine, Note(VANISHED))


def _is_resting(machine: Machine) -> bool:
    """Asleep, off or put away though we want it up, and nothing is being done to it."""
    resting = (Status.SUSPENDED, Status.STOPPED, Status.SHELVED)
    return machine.is_fresh and not machine.cloud_task and machine.cloud_status in resting


def _until_it_answers(machine: Machine, cloud: Cloud) -> None:
    """The cloud says it runs: open its ports, and call it running when the guest answers through them."""
    _open_ports(machine)
    now = timezone.now()
    # It may have been started on the cluster itself, long after we last asked for anything.
    since = max(machine.asked_at or machine.state_since, machine.state_since)
    is_late = now - since > timedelta(seconds=settings.BOOT_SECONDS)
    silent = tunnels.queries.silent(machine.pk, anew=machine.state == State.BUILDING)
    answers = tunnels.queries.all_open(machine.pk, now) and not silent
    first_boot.watch(machine, cloud, now, is_last=answers)
    if not answers and not is_late:
        return wait(machine, LOOK_AGAIN, tunnels.queries.trouble(machine.pk, now) or _waits_for(machine, silent))
    done: dict[str, Any] = {"queued_at": None, "restarts_done": machine.restarts_asked}
    if not machine.owes_reset:  # one that broke down on the way was only brought back: it is still to be done
        done["resets_done"] = machine.resets_asked
    done["ready_at"] = machine.ready_at or now
    done["first_ready_at"] = machine.first_ready_at or done["ready_at"]
    _runs(machine, Note() if answers else _without(machine, silent), **done)


def _waits_for(machine: Machine, silent: list[str]) -> Note:
    """Its setup, where it has one. Else, while nothing answers, it simply starts; once something does, the rest is named."""
    if machine.state == State.BUILDING and machine.setup == Setup.RUNNING:
        return first_boot.note(machine)
    is_up = silent and tunnels.queries.primary_answered(machine.pk)
    return Note(SILENT, {"services": ", ".join(silent)}) if is_up else Note()


def _without(machine: Machine, silent: list[str]) -> Note:
    """What its history says of one that is called running before everything in it answers."""
    is_up = silent and tunnels.queries.primary_answered(machine.pk)
    return Note(SOME_SILENT, {"services": ", ".join(silent)}) if is_up else Note(QUIET_GUEST)


@transaction.atomic
def _runs(machine: Machine, note: Note = NOTHING, **fields: Any) -> None:
    well: dict[str, Any] = {"repair": Repair.NONE, "builds_failed": 0}
    spent: dict[str, Any] = {**archive.spend(machine)}
    go(machine, State.RUNNING, note, **spent, **well, **fields)


def _found_at(machine: Machine, cloud: Cloud) -> dict[str, int]:
    """Where the agent finds the ports now. Under its own number a new one may be a port of the computer that runs the local cloud."""
    server = cloud.find_server(str(machine.pk))
    if server is None:
        return dict(machine.port_map)
    return {str(port): place for port, place in server.port_map.items()}


def _open_ports(machine: Machine) -> None:
    port_map = {int(k): v for k, v in machine.port_map.items()}
    tunnels.actions.open_all(holder=machine.pk, address=machine.address, port_map=port_map)
