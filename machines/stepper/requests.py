"""Requests to a running machine, each done once: a reset, a rescue, a move, a restart, other ports."""

import logging

from django.utils import timezone
from django.utils.translation import gettext_noop as _

import tunnels.actions
from cloud.contract import Cloud, CloudRefused
from lib.notes import Note
from lib.states import write
from machines import refusals
from machines.models import DiskImage, Machine
from machines.states import Refused, State, Wanted
from machines.stepper import first_boot, repair, server_spec
from machines.stepper.answering import open_ports
from machines.stepper.arrows import leads_to
from machines.stepper.outcomes import clear_errors, follow, go
from machines.stepper.unreachable import waits_for_node

log = logging.getLogger(__name__)

NO_RESET = _("It could not be reset: the cluster no longer has what its template is made of. It stays as it is.")
NO_GOING_BACK = _(
    "It could not go back: the cluster no longer has this moment, or does not take it. It stays as it is."
)


@leads_to(State.BUILDING, State.WAKING)
def do_once(machine: Machine, cloud: Cloud) -> None:
    """Do what was asked of a running machine: a rescue, a move, a reset, a restart, or other ports."""
    if machine.owes_move:
        repair.move(machine, cloud)
    elif waits_for_node(machine, cloud):
        return
    elif machine.rescues_asked != machine.rescues_done:
        repair.rescue(machine, cloud)
    elif machine.resets_asked != machine.resets_done:
        reset(machine, cloud)
    elif machine.restarts_asked != machine.restarts_done:
        tunnels.actions.close_all(holder=machine.pk)
        cloud.ensure_restarted(machine.server_id, machine.restarts_asked)
        go(machine, State.WAKING, asked_at=timezone.now())
    elif machine.ports_asked != machine.ports_done:
        asked = machine.ports_asked
        cloud.ensure_ports(machine.server_id, server_spec.ports_of(machine))
        port_map = _found_at(machine, cloud)
        machine.port_map = port_map
        open_ports(machine)
        write(machine, ports_done=asked, port_map=port_map, **clear_errors(machine))


def reset(machine: Machine, cloud: Cloud) -> None:
    """Rebuild the disk from the template, or from a kept moment. Where the cloud refuses (the image is gone), the machine stays as it is."""
    tunnels.actions.close_all(holder=machine.pk)
    try:
        server_spec.rebuild_server(machine, cloud, machine.server_id)
    except CloudRefused as error:
        log.warning("machine %s cannot be reset: %s", machine.pk, error)
        text = NO_GOING_BACK if DiskImage.objects.to_go_back_to(machine) else NO_RESET
        write(machine, resets_done=machine.resets_asked, **refusals.kept(Refused.RESET, text))
        return follow(machine, Wanted.RUNNING, State.WAKING, Note(text))
    go(machine, State.BUILDING, asked_at=timezone.now(), **first_boot.ANEW)


def _found_at(machine: Machine, cloud: Cloud) -> dict[str, int]:
    """Return where the agent finds the ports now. On the local cloud a port's own number may be another program's."""
    server = server_spec.find_server(machine, cloud)
    if server is None:
        return dict(machine.port_map)
    return {str(port): place for port, place in server.port_map.items()}
