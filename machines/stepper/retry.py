"""The step of a failed machine that somebody tries again: go on from what the cloud has of it."""

from django.utils import timezone

from cloud.contract import Cloud, Status
from machines.models import Machine
from machines.states import State
from machines.stepper import archive, first_boot, repair, server_spec
from machines.stepper.arrows import leads_to
from machines.stepper.outcomes import go
from machines.stepper.sleep import wake
from machines.stepper.unreachable import waits_for_node


@leads_to(
    State.NEW,
    State.QUEUED,
    State.BUILDING,
    State.WAKING,
    State.SUSPENDED,
    State.SHELVED,
    State.ARCHIVING,
    State.ARCHIVED,
)
def revive(machine: Machine, cloud: Cloud) -> None:
    """Go on from what the cloud has of a failed machine, because a person asked to try again."""
    if machine.adopting:
        return wake(machine, cloud)  # its server has no tag yet by which it could be found
    if machine.rescues_asked != machine.rescues_done and machine.server_id:
        return repair.rescue(machine, cloud)
    archive.forget_unfinished(machine, cloud)
    server = server_spec.find_server(machine, cloud)
    if archive.take_up(machine, server, cloud):
        return None
    if server is None:
        return go(machine, State.NEW, server_id="", observed_at=None)
    if server.status == Status.ERROR and machine.ready_at is None:
        # It never ran, so it holds nothing of the student's: replace it.
        cloud.ensure_deleted(server.id)
        return go(machine, State.ARCHIVED if machine.archive_id else State.NEW, server_id="", observed_at=None)
    if machine.owes_move:
        return repair.move(machine, cloud, server.id)
    if waits_for_node(machine, cloud, server.id):
        return None
    if machine.resets_asked != machine.resets_done:
        server_spec.rebuild_server(machine, cloud, server.id)
        return go(machine, State.BUILDING, asked_at=timezone.now(), server_id=server.id, **first_boot.ANEW)
    if server.status == Status.ERROR:
        return repair.escalate(machine, cloud, server.id)
    if server.status in (Status.SUSPENDED, Status.SHELVED):
        return go(machine, State(server.status.value), server_id=server.id)
    cloud.ensure_running(server.id)
    go(machine, State.WAKING, asked_at=timezone.now(), server_id=server.id)
