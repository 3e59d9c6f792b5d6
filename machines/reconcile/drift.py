"""Deeds of the cloud's own people, taken over into a machine's wish: nobody fights with them."""

import logging
from datetime import UTC, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

import quotas.backstop
import tunnels.actions
from cloud.contract import Server, Status
from lib.notes import Note
from lib.states import LostRace, write
from machines import visitors
from machines.models import Event, Machine
from machines.reconcile.observe import COUNTED, status_columns
from machines.states import State, Wanted
from machines.stepper.delete import vanish
from machines.stepper.outcomes import fail, follow, go
from machines.stepper.repair import BROKE, IN_RESCUE

log = logging.getLogger(__name__)

FOUND_ASLEEP = _("Somebody put it to sleep on the cluster itself.")
FOUND_OFF = _("It was switched off, from inside or on the cluster itself.")
FOUND_AWAY = _("Somebody put it away on the cluster itself.")
FOUND_UP = _("Somebody woke it on the cluster itself.")
FOUND = {Status.SUSPENDED: FOUND_ASLEEP, Status.STOPPED: FOUND_OFF, Status.SHELVED: FOUND_AWAY}
# Where a settled machine may be moved to after its server: declared for MOVES, as each step declares its own.
S = State
FOLLOWS: dict[State, set[State]] = {
    S.RUNNING: {S.SUSPENDED, S.SHELVED, S.WAKING, S.FAILED, S.GONE},
    S.SUSPENDED: {S.SHELVED, S.WAKING, S.FAILED, S.GONE},
    S.SHELVED: {S.WAKING, S.FAILED, S.GONE},
    S.FAILED: {S.GONE},
}
LONG_AGO = datetime.min.replace(tzinfo=UTC)
OTHER_SERVER = _("Its server no longer exists on the cluster, but another one with its mark does: that one is taken.")


def take_over(machine: Machine) -> None:
    """Make what became of a settled machine on the cloud its wish."""
    if machine.cloud_task or machine.held_at or _is_claimed(machine):
        return
    try:
        _take_over(machine, Status(machine.cloud_status))
    except LostRace:
        log.info("machine %s moved while its drift was looked at", machine.pk)


def _take_over(machine: Machine, status: Status) -> None:
    state = State(machine.state)
    if state == State.ARCHIVED:
        return None  # the status is of the server that it had
    if status == Status.DELETED and state != State.GONE:
        return vanish(machine)
    if state == State.FAILED:
        return None
    if status == Status.ERROR:
        return fail(machine, Note(BROKE))
    if status == Status.RESCUED:
        tunnels.actions.close_all(holder=machine.pk)
        return fail(machine, Note(IN_RESCUE))
    if status == Status.ACTIVE and state in (State.SUSPENDED, State.SHELVED):
        return follow(machine, Wanted.RUNNING, State.WAKING, Note(FOUND_UP))
    if status in FOUND and state == State.RUNNING:
        visitors.hold(machine, timezone.now())
        asleep = State.SHELVED if status == Status.SHELVED else State.SUSPENDED
        write(machine, used_at=timezone.now())
        return follow(machine, Wanted(asleep.value), asleep, Note(FOUND[status]))
    if status == Status.SHELVED and state == State.SUSPENDED:
        follow(machine, Wanted.SHELVED, State.SHELVED, Note(FOUND_AWAY))


def by_age(server: Server) -> tuple[datetime, str]:
    """Return a key that sorts servers, the oldest first; one whose time is unknown comes before all."""
    return server.created_at or LONG_AGO, server.id


def may_stand_in(machine: Machine, server: Server) -> bool:
    """Say whether a server may become the machine's. Its tag counts only in the project of its last server or of its owner."""
    if server.machine != str(machine.pk):
        return False
    return machine.project in ("", server.project) or quotas.backstop.project_of(machine.owner) == server.project


@transaction.atomic
def take_other_server(machine: Machine, server: Server, at: datetime) -> bool:
    """Take the server that has the machine's tag in place of its own, which is gone (an older database was restored). False: not now."""
    once = {f"{kind}_{part}": getattr(server, kind) for kind in COUNTED for part in ("asked", "done")}
    # That server may have been made with other ports: push them again.
    facts = {**status_columns(server, at), **once, "server_id": server.id, "ports_asked": machine.ports_asked + 1}
    known = {"pk": machine.pk, "server_id": machine.server_id, "state": machine.state, "asked_at": machine.asked_at}
    if not Machine.objects.not_held().unclaimed(timezone.now()).filter(**known).update(**facts):
        return False
    log.warning("machine %s: server %s is gone, %s has its tag", machine.pk, machine.server_id, server.id)
    machine.refresh_from_db()
    machine.record(Event.Kind.NOTED, Note(OTHER_SERVER))
    visitors.hold(machine, timezone.now())
    if machine.state == State.RUNNING and server.status == Status.ACTIVE:
        go(machine, State.WAKING)  # so that its ports lead to the new address
    elif machine.has_come_true:
        take_over(machine)
    return True


def _is_claimed(machine: Machine) -> bool:
    return bool(machine.claimed_until and machine.claimed_until > timezone.now())
