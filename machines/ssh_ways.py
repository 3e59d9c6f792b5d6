"""Ways to the ssh of running machines, whether or not they have a public port for it, and their end when the machine no longer runs."""

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_noop as _

from accounts.models import User
from machines.models import Machine
from machines.states import State, Wanted
from tunnels import dial_actions, dialing
from tunnels.agent.protocol import SSH_PORT
from tunnels.models import SshTarget


class NotRunning(dial_actions.NotDialable):
    code = "not_running"


def way_to_ssh(machine: Machine, *, by: User | None) -> dialing.Way:
    """Return a way to the machine's ssh, good for some seconds and once. Raises NotRunning, NotDialable, AgentAway."""
    # Of a machine that a restore holds, the address is of the time of the backup: another machine may have it now.
    if machine.state != State.RUNNING or machine.held_at or not machine.address:
        raise NotRunning(_("Nothing can be reached in it until it runs."))
    reach_port = machine.port_map.get(str(SSH_PORT))
    return dialing.way_to_ssh(
        holder=machine.pk, owner=machine.owner, address=machine.address, reach_port=reach_port, by=by
    )


def follow() -> int:
    """Take back the addresses of machines that no longer run there, or whose owner's account is deactivated. Returns how many.

    What a machine's own steps do at once is done here for what happened beside them.
    """
    there = Machine.objects.filter(pk=OuterRef("holder"), address=OuterRef("host"), owner__is_active=True)
    there = there.not_held().filter(state=State.RUNNING).exclude(wanted=Wanted.GONE)
    stale = SshTarget.objects.filter(~Exists(there))
    return dial_actions.forget_ssh(list(stale.values_list("holder", flat=True)))
