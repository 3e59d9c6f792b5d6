"""Steps between up and asleep, switched off or put away, both ways: asked for, and watched until the cloud shows it."""

import logging
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from cloud.contract import Cloud, CloudGone, CloudRefused, Status
from lib.notes import Note
from lib.states import write
from machines import refusals, visitors
from machines.models import Machine
from machines.states import Refused, State, Wanted
from machines.stepper import repair
from machines.stepper.answering import is_resting, mark_running, until_it_answers
from machines.stepper.arrows import leads_to
from machines.stepper.outcomes import fail, follow, go, repeat, wait_at_most
from machines.stepper.unreachable import waits_for_node

log = logging.getLogger(__name__)

NO_SLEEP = _("This machine cannot sleep, so it keeps running. It can be put away instead.")
SWITCHED_OFF = _("It is switched off: its memory is not kept, its disk is. It starts anew when it is woken.")


@leads_to(State.WAKING, State.QUEUED)
def wake(machine: Machine, cloud: Cloud) -> None:
    """Ask the cloud to start the server, and let visitors at its ports wait for it."""
    if waits_for_node(machine, cloud):
        return
    cloud.ensure_running(machine.server_id)
    visitors.expect(machine)
    go(machine, State.WAKING, asked_at=timezone.now())


@leads_to(State.SUSPENDING, State.WAKING)
def suspend(machine: Machine, cloud: Cloud) -> None:
    """Ask the cloud to suspend the server, or to stop it where its image cannot sleep. Refused: the machine goes on running."""
    if waits_for_node(machine, cloud):
        return None
    visitors.hold(machine, timezone.now())
    try:
        if machine.template.image.can_suspend:
            cloud.ensure_suspended(machine.server_id)
        else:
            cloud.ensure_stopped(machine.server_id)
    except CloudRefused as error:
        log.warning("machine %s cannot sleep: %s", machine.pk, error)
        write(machine, **refusals.kept(Refused.SUSPEND, NO_SLEEP))
        return follow(machine, Wanted.RUNNING, State.WAKING, Note(NO_SLEEP))
    now = timezone.now()
    go(machine, State.SUSPENDING, asked_at=now, used_at=now)


@leads_to(State.SHELVING, State.WAKING)
def shelve(machine: Machine, cloud: Cloud) -> None:
    """Ask the cloud to put the server away, which frees its host."""
    if waits_for_node(machine, cloud):
        return
    visitors.hold(machine, timezone.now())
    cloud.ensure_shelved(machine.server_id)
    now = timezone.now()
    used: dict[str, Any] = {"used_at": now} if machine.state == State.RUNNING else {}
    go(machine, State.SHELVING, asked_at=now, **used)


@leads_to(State.SUSPENDED, State.SHELVED, State.WAKING)
def watch_suspend(machine: Machine, cloud: Cloud) -> None:
    """Follow a server until it sleeps, also when the wish has changed: the cloud cannot be stopped half-way."""
    _watch_rest(machine, cloud, Status.SUSPENDED)


@leads_to(State.SHELVED, State.WAKING)
def watch_shelve(machine: Machine, cloud: Cloud) -> None:
    """Follow a server until it is put away, also when the wish has changed: the cloud cannot be stopped half-way."""
    _watch_rest(machine, cloud, Status.SHELVED)


def _watch_rest(machine: Machine, cloud: Cloud, goal: Status) -> None:
    if machine.is_deleted:
        raise CloudGone(f"Server {machine.server_id} is deleted.")
    if machine.is_broken:
        return fail(machine, Note(repair.BROKE))
    if not machine.is_fresh or machine.cloud_task:
        return None if waits_for_node(machine, cloud) else wait_at_most(machine, settings.STEP_SECONDS)
    if machine.cloud_status in (goal, Status.SHELVED):
        return go(machine, State(machine.cloud_status), **repair.left_by_itself(machine))
    if machine.cloud_status == Status.STOPPED and goal == Status.SUSPENDED:
        return go(machine, State.SUSPENDED, Note(SWITCHED_OFF))
    if machine.wanted == Wanted.RUNNING:
        return wake(machine, cloud)
    nap = cloud.ensure_suspended if machine.template.image.can_suspend else cloud.ensure_stopped
    rest = nap if goal == Status.SUSPENDED else cloud.ensure_shelved
    repeat(machine, lambda: rest(machine.server_id))


@leads_to(State.RUNNING, State.QUEUED)
def watch_wake(machine: Machine, cloud: Cloud) -> None:
    """Follow a server from asleep, put away or restarting until it answers."""
    if machine.is_deleted:
        raise CloudGone(f"Server {machine.server_id} is deleted.")
    if machine.owes_move:
        return repair.watch_move(machine, cloud)
    if waits_for_node(machine, cloud):
        return None
    if machine.is_broken:
        return repair.escalate(machine, cloud)
    if machine.is_fresh and machine.cloud_status == Status.RESCUED and not machine.cloud_task:
        return fail(machine, Note(repair.IN_RESCUE))
    if machine.is_up and machine.owes_restart:
        return repeat(machine, lambda: cloud.ensure_restarted(machine.server_id, machine.restarts_asked))
    if machine.is_up and machine.wanted != Wanted.RUNNING:
        return mark_running(machine)
    if machine.is_up:
        return until_it_answers(machine, cloud)
    if is_resting(machine):
        return repeat(machine, lambda: cloud.ensure_running(machine.server_id))
    repair.watch_restart(machine, cloud)
