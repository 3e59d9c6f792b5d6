"""Steps that bring a broken machine back without touching its disk, and what administrators may try besides.

`Machine.repair` says what was tried last. Each is tried only where the one before did not help: the cloud is read once more, the
power is cut and switched on, it is switched off and started. Nothing here rebuilds: that wipes the disk.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

import tunnels.actions
from cloud.contract import Cloud, CloudLimit, CloudRefused, Status
from lib.notes import Note
from lib.states import write
from machines import dead_nodes, refusals
from machines.models import Event, Machine
from machines.states import Refused, Repair, State, Wanted
from machines.stepper import server_spec
from machines.stepper.outcomes import LOOK_AGAIN, MOST_REPEATS, NEWS, fail, follow, go, repeat, wait, wait_at_most
from nodes.hypervisors import emptying

log = logging.getLogger(__name__)

MOVE_SECONDS = 3600.0  # to copy a disk to another computer over an old network

BROKE = _("The cluster reports an error with it. Try again: it is restarted by force, and its disk is kept.")
REBOOTING = _("The cluster reported an error. Its power is cut and switched on again; its disk is kept.")
CYCLING = _("That did not help. It is switched off and started; its disk is kept.")
HARDER = _("It did not restart in good order within two minutes, so its power is cut and switched on again.")
ONLY_RESET = _(
    "The cluster cannot start it, and everything that keeps its disk was tried. Download its disk first. Then it can be reset to its "
    "template, which loses what is in it, or deleted."
)
IN_RESCUE = _("An administrator works on it: it runs from a rescue image. Its disk is kept.")
NO_RESCUE = _("It cannot be rescued here. It stays as it is.")
MOVING = _("It is switched off and moved to another computer of the cluster; its disk moves with it.")
MOVED = _("It was moved to another computer of the cluster.")
NO_MOVE = _("It could not be moved: no other computer of the cluster can take it. Its disk is kept.")
IS_BACK = _("The computer below it was back before it had started elsewhere, so it stays there with its disk.")


def escalate(machine: Machine, cloud: Cloud, server_id: str = "") -> None:
    """Try the next thing that keeps the disk; after the last one, fail with what is left."""
    server_id = server_id or machine.server_id
    if machine.repair == Repair.NONE and machine.state != State.FAILED and _is_well_after_all(machine, cloud):
        return wait(machine, LOOK_AGAIN)
    tunnels.actions.close_all(holder=machine.pk)  # services that answered before the power cut must answer again
    for step, text, call in _means_left(machine, cloud, server_id):
        try:
            call()
        except CloudLimit:
            raise
        except CloudRefused as error:
            log.warning("machine %s: %s did not help: %s", machine.pk, step, error)
            continue
        return _record_attempt(machine, step, text, server_id)
    _used_up(machine)


def force_restart(machine: Machine, cloud: Cloud) -> None:
    """Cut the power of a machine whose restart in good order does not end."""
    cloud.ensure_hard_restarted(machine.server_id, machine.restarts_asked)
    with transaction.atomic():
        write(machine, repair=Repair.REBOOT, asked_at=timezone.now(), attempts=0, cloud_errors=0, retry_at=None)
        machine.record(Event.Kind.NOTED, Note(HARDER))


def time_until_forced(machine: Machine) -> timedelta:
    """Return how long a restart in good order may still take."""
    begun = machine.asked_at or machine.state_since
    return begun + timedelta(seconds=settings.RESTART_SECONDS) - timezone.now()


def watch_restart(machine: Machine, cloud: Cloud) -> None:
    """Wait for the cloud; a restart in good order gets two minutes, then its power is cut."""
    is_soft = machine.owes_restart and machine.repair == Repair.NONE
    if not is_soft:
        return wait_at_most(machine, settings.STEP_SECONDS)
    left = time_until_forced(machine)
    if left <= timedelta(0):
        return force_restart(machine, cloud)
    wait_at_most(machine, settings.STEP_SECONDS, look_again=min(NEWS, left))


def rescue(machine: Machine, cloud: Cloud) -> None:
    """Start the server from the cloud's rescue image. The machine needs attention until somebody tries it again."""
    asked = machine.rescues_asked
    tunnels.actions.close_all(holder=machine.pk)
    try:
        cloud.ensure_rescued(machine.server_id)
    except CloudLimit:
        raise
    except CloudRefused as error:
        log.warning("machine %s cannot be rescued: %s", machine.pk, error)
        write(machine, rescues_done=asked, **refusals.kept(Refused.RESCUE, NO_RESCUE))
        return _stay(machine, NO_RESCUE, error)
    write(machine, rescues_done=asked, asked_at=timezone.now())
    fail(machine, Note(IN_RESCUE))


def move(machine: Machine, cloud: Cloud, server_id: str = "") -> None:
    """Begin a cold migration, or start it elsewhere where its host is dead; see watch_move."""
    server_id = server_id or machine.server_id
    tunnels.actions.close_all(holder=machine.pk)
    if not machine.moved_from:  # before the first call: afterwards its old host is not known any more
        write(machine, moved_from=machine.host or "?")
    try:
        _leave_host(machine, cloud, server_id)
    except CloudLimit:
        raise
    except CloudRefused as error:
        log.warning("machine %s cannot be moved: %s", machine.pk, error)
        return _stay(machine, _end_move(machine, has_moved=False), error)
    text = dead_nodes.ELSEWHERE if machine.from_dead_host else MOVING
    go(machine, State.WAKING, Note(text), asked_at=timezone.now(), server_id=server_id)


def _leave_host(machine: Machine, cloud: Cloud, server_id: str) -> None:
    """Ask for a migration; where the host is dead, for a start elsewhere, which the cloud refuses once the host is back."""
    is_dead = emptying.dead(machine.moved_from)
    if is_dead:
        dead_nodes.give_up_disk(machine)
    verb = cloud.ensure_evacuated if is_dead or machine.from_dead_host else cloud.ensure_moved
    verb(server_id, machine.moves_asked)


def watch_move(machine: Machine, cloud: Cloud) -> None:
    """Ask again, step by step, until the cloud counts the move as done; then it wakes as usual."""
    if not machine.is_fresh or (machine.cloud_task and not _has_died_on_the_way(machine)):
        return wait_at_most(machine, MOVE_SECONDS)
    if machine.cloud_moves == machine.moves_asked or machine.attempts >= MOST_REPEATS:
        return _moved(machine)
    if not machine.moved_from:
        write(machine, moved_from=machine.host or "?")
    try:
        repeat(machine, lambda: _leave_host(machine, cloud, machine.server_id))
    except CloudLimit:
        raise
    except CloudRefused as error:
        log.warning("machine %s cannot be moved: %s", machine.pk, error)
        _moved(machine)


def _has_died_on_the_way(machine: Machine) -> bool:
    """Say whether its host was declared dead while it was at something: that does not end by itself."""
    has_begun = machine.from_dead_host and machine.moved_from
    return not has_begun and emptying.dead(machine.moved_from or machine.host) is not None


def _means_left(machine: Machine, cloud: Cloud, server_id: str) -> list[tuple[Repair, str, Callable[[], None]]]:
    """Return what is still to be tried, the gentlest first."""
    means: list[tuple[Repair, str, Callable[[], None]]] = [
        (Repair.REBOOT, REBOOTING, lambda: _cut_power(machine, cloud, server_id)),
        (Repair.CYCLE, CYCLING, lambda: cloud.ensure_stopped(server_id)),
    ]
    return means[{Repair.NONE: 0, Repair.ASKED: 0, Repair.REBOOT: 1}.get(Repair(machine.repair), 2) :]


def _cut_power(machine: Machine, cloud: Cloud, server_id: str) -> None:
    """Write the number first: a killed worker's successor asks for the same, and the sweep knows the number as ours."""
    if machine.repair == Repair.NONE:
        write(machine, repair=Repair.ASKED, restarts_asked=machine.restarts_asked + 1)
    cloud.ensure_hard_restarted(server_id, machine.restarts_asked)


@transaction.atomic
def _record_attempt(machine: Machine, step: Repair, text: str, server_id: str) -> None:
    facts: dict[str, Any] = {"repair": step, "asked_at": timezone.now(), "server_id": server_id}
    if machine.state != State.WAKING:
        return go(machine, State.WAKING, Note(text), **facts)
    write(machine, state_note=Note(text).as_json(), attempts=0, cloud_errors=0, retry_at=None, **facts)
    machine.record(Event.Kind.NOTED, Note(text))


def _used_up(machine: Machine) -> None:
    # The restart counts as done, so that its next start does not make up for it.
    write(machine, repair=Repair.USED_UP, restarts_done=machine.restarts_asked)
    fail(machine, Note(ONLY_RESET))


def _is_well_after_all(machine: Machine, cloud: Cloud) -> bool:
    server = server_spec.find_server(machine, cloud)
    return server is not None and server.status != Status.ERROR


@transaction.atomic
def _stay(machine: Machine, text: str, error: CloudRefused) -> None:
    """Leave the machine as it was, since the cloud refuses what the administrator wanted."""
    if machine.state == State.FAILED:
        machine.record(Event.Kind.NOTED, Note(text))
        return fail(machine, machine.note or Note(text), fault=str(error))
    follow(machine, Wanted(machine.wanted), State.WAKING, Note(text))


@transaction.atomic
def _moved(machine: Machine) -> None:
    text = _end_move(machine, has_moved=machine.host not in ("", machine.moved_from))
    write(machine, state_note={}, attempts=0, cloud_errors=0, retry_at=None)
    machine.record(Event.Kind.NOTED, Note(text))


def left_by_itself(machine: Machine) -> dict[str, Any]:
    """Return the columns that end a move that is owed by a machine which is put away: it is on no host any more."""
    is_away = machine.owes_move and machine.cloud_status == Status.SHELVED
    return {"moves_done": machine.moves_asked, "moved_from": "", "from_dead_host": False} if is_away else {}


def _end_move(machine: Machine, *, has_moved: bool) -> str:
    """Write that a move is over, and return what to say of it."""
    is_back = machine.from_dead_host and not emptying.dead(machine.moved_from)
    text, fields = MOVED, {"repair": Repair.NONE}  # on another computer every means may help again
    if not has_moved:
        text = IS_BACK if is_back else NO_MOVE
        fields = {**({} if is_back else refusals.kept(Refused.MOVE, NO_MOVE)), **dead_nodes.with_its_disk(machine)}
    write(machine, moves_done=machine.moves_asked, moved_from="", from_dead_host=False, **fields)
    return text
