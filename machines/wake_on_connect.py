"""A visitor waits at a port of a sleeping machine: may they wake it, and how long does it take?"""

from dataclasses import dataclass
from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from lib.notes import Note, Refusal
from machines import actions, visitors
from machines.models import Machine
from machines.progress import DEFAULT_SECONDS, typical_seconds
from machines.states import State, Wanted
from tunnels.models import Tunnel
from tunnels.states import Wanted as Port
from tunnels.wake_rules import may_knock

WOKEN = gettext_noop("Woken by a connection from %(address)s.")
QUEUE_SECONDS = 600.0  # nobody knows when there is room; longer than anybody holds a visitor


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the agent. `words` are for the visitor, if it can read any."""

    wakes: bool
    seconds: float = 0.0
    words: str = ""


REFUSED = Answer(wakes=False)


def knock(tunnel: Tunnel, address: str, now: datetime) -> Answer:
    """Wake the machine of this port if this visitor may. Said again while it wakes: the same answer, with what is left."""
    machine = Machine.objects.alive().not_held().with_parts().filter(pk=tunnel.holder).first()
    if machine is None or not _is_admitted(machine, tunnel, address, now):
        return REFUSED
    with translation.override(machine.owner.mail_language):
        try:
            machine = _woken(machine, address)
        except Refusal as refusal:
            return Answer(wakes=False, words=str(refusal))
        return _answer_while_waking(machine, now)


def _is_admitted(machine: Machine, tunnel: Tunnel, address: str, now: datetime) -> bool:
    """Return whether this visitor may, by the rows as they are now: the agent's list may be some minutes old."""
    if tunnel.wanted not in (Port.HELD, Port.OPEN) or not visitors.may_be_woken(machine):
        return False
    return may_knock(address, visitors.networks_of([machine], now)[machine.pk], tunnel.allow)


def _woken(machine: Machine, address: str) -> Machine:
    """Wake the machine unless it wakes already. Raises Refusal."""
    if machine.wanted == Wanted.RUNNING:
        return machine
    try:
        return actions.wake(machine=machine, by=None, why=Note(WOKEN, {"address": address}))
    except actions.WrongState:
        machine.refresh_from_db()
        if machine.wanted != Wanted.RUNNING:
            raise
        return machine  # another visitor was quicker


def _answer_while_waking(machine: Machine, now: datetime) -> Answer:
    if machine.state == State.FAILED:
        return Answer(wakes=False, words=_("Your machine could not wake up; look at its page in the portal"))
    if machine.state == State.QUEUED:
        return Answer(
            True, QUEUE_SECONDS, _("Your machine is waiting for room on the cluster; try again in a few minutes")
        )
    return Answer(True, seconds_left(machine, now), _("Your machine is waking; try again in a minute"))


def seconds_left(machine: Machine, now: datetime) -> float:
    """Estimate the seconds until it answers: a machine that was put away starts as a new one does."""
    if machine.state == State.RUNNING:
        return 1.0
    starts_anew = machine.state in (State.SHELVED, State.SHELVING) or machine.cloud_status == "shelved"
    usual = _seconds_of_a_launch(machine.template_id) if starts_anew else DEFAULT_SECONDS[State.WAKING]
    done = machine.time_in_state(now).total_seconds() if machine.state == State.WAKING else 0.0
    return max(1.0, usual - done)


def _seconds_of_a_launch(template: int) -> float:
    return typical_seconds([template]).get(template, DEFAULT_SECONDS[State.BUILDING])
