"""The last part of every way up: open the ports, and call a machine running when its guest answers through them."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

import tunnels.actions
import tunnels.queries
from cloud.contract import Cloud, Status
from lib.notes import Note
from lib.states import NOTHING
from machines import key_changes
from machines.models import DiskImage, Machine
from machines.states import Repair, Setup, State
from machines.stepper import archive, first_boot
from machines.stepper.outcomes import LOOK_AGAIN, go, wait

SILENT = _("Almost there. What does not answer yet: %(services)s.")
SOME_SILENT = _("It runs, but not everything in it answers yet: %(services)s.")
NO_ADDRESS = _(
    "Its server has no address on the cluster's network, so nothing in it can be reached from outside. "
    "Connect it to that network again, for example in Horizon, or ask an administrator."
)
QUIET_GUEST = _("It runs, but it has not answered yet. Give it a minute; if nothing comes, restart it.")


def until_it_answers(machine: Machine, cloud: Cloud) -> None:
    """Open the ports of a server that is up, and call the machine running when the guest answers through them."""
    open_ports(machine)
    now = timezone.now()
    # Somebody may have started it on the cluster itself, long after we last asked for anything.
    since = max(machine.asked_at or machine.state_since, machine.state_since)
    is_late = now - since > timedelta(seconds=settings.BOOT_SECONDS)
    silent = tunnels.queries.silent(machine.pk, new_disk=machine.state == State.BUILDING)
    answers = tunnels.queries.all_open(machine.pk, now) and not silent
    first_boot.watch(machine, cloud, now, is_last=answers)
    if not answers and not is_late:
        return wait(machine, LOOK_AGAIN, tunnels.queries.trouble(machine.pk, now) or _waits_for(machine, silent))
    done: dict[str, Any] = {"queued_at": None, "restarts_done": machine.restarts_asked}
    if not machine.owes_reset:  # a machine that broke down on the way was only repaired: the reset is still owed
        done["resets_done"] = machine.resets_asked
    done["ready_at"] = machine.ready_at or now
    done["first_ready_at"] = machine.first_ready_at or done["ready_at"]
    mark_running(machine, Note() if answers else _without(machine, silent), **done)


def _waits_for(machine: Machine, silent: list[str]) -> Note:
    """Say what it still waits for: an address, its first-boot setup, or the services that are silent once others answer."""
    if not machine.address:
        return Note(NO_ADDRESS)
    if machine.state == State.BUILDING and machine.setup == Setup.RUNNING:
        return first_boot.note(machine)
    is_up = silent and tunnels.queries.primary_answered(machine.pk)
    return Note(SILENT, {"services": ", ".join(silent)}) if is_up else Note()


def _without(machine: Machine, silent: list[str]) -> Note:
    """Return the history's note on a machine that is called running before everything in it answers."""
    if not machine.address:
        return Note(NO_ADDRESS)
    is_up = silent and tunnels.queries.primary_answered(machine.pk)
    return Note(SOME_SILENT, {"services": ", ".join(silent)}) if is_up else Note(QUIET_GUEST)


@transaction.atomic
def mark_running(machine: Machine, note: Note = NOTHING, **fields: Any) -> None:
    well: dict[str, Any] = {"repair": Repair.NONE, "builds_failed": 0}
    spent: dict[str, Any] = {**archive.spend(machine)}
    was_reset = fields.get("resets_done", machine.resets_done) != machine.resets_done
    go(machine, State.RUNNING, note, **spent, **well, **fields)
    if was_reset and DiskImage.objects.to_go_back_to(machine):
        key_changes.put_in_missing(machine)


def open_ports(machine: Machine) -> None:
    port_map = {int(k): v for k, v in machine.port_map.items()}
    tunnels.actions.open_all(holder=machine.pk, address=machine.address, port_map=port_map)


def is_resting(machine: Machine) -> bool:
    """Return whether the server is asleep, off or put away though it should be up, and no task of the cloud is under way."""
    resting = (Status.SUSPENDED, Status.STOPPED, Status.SHELVED)
    return machine.is_fresh and not machine.cloud_task and machine.cloud_status in resting
