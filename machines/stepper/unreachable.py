"""Machines of a node that does not answer: the cloud would take what is asked of one, and be stuck with it. Of a dead node it starts elsewhere."""

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from cloud.contract import Cloud
from lib.notes import Note
from machines import dead_nodes
from machines.models import Machine
from machines.states import State
from machines.stepper import repair
from machines.stepper.outcomes import LOOK_AGAIN, wait
from nodes.hypervisors import emptying
from nodes.models import Node

DOWN = _(
    "The computer of the cluster below it does not answer. This goes on as soon as that is back; administrators see it."
)


def waits_for_node(machine: Machine, cloud: Cloud, server_id: str = "") -> bool:
    """Say whether nothing more can be done in this step, since the machine's node is down. Then it waits, or leaves it."""
    if not machine.host or not Node.objects.filter(name=machine.host, up=False, listed=True).exists():
        return False
    if not emptying.dead(machine.host):
        wait(machine, LOOK_AGAIN, None if machine.state == State.FAILED else Note(DOWN))
        return True
    if not dead_nodes.is_time(machine, timezone.now()):
        wait(machine, LOOK_AGAIN)
        return True
    dead_nodes.ask_to_start_elsewhere(machine)
    if machine.state == State.WAKING:
        repair.watch_move(machine, cloud)
    else:
        repair.move(machine, cloud, server_id)
    return True
