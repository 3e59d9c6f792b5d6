"""Sentences about a machine that are true now, whatever its note says: at rest, not ready, shut, waiting for room."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from machines.idle import times
from machines.idle.wording import span
from machines.models import Machine
from machines.states import State
from machines.stepper.answering import QUIET_GUEST, SOME_SILENT
from portal.ways_in.port_ways import PortWay
from tunnels.queries import trouble_of

# Lazy: a list of machines looks up only the sentences that it shows.
_AT_REST: dict[str, Promise] = {
    State.RUNNING: gettext_lazy("It is ready: connect to it."),
    State.SUSPENDED: gettext_lazy("Nothing is lost: it goes on where it stopped when it is woken."),
    State.SHELVED: gettext_lazy("Its disk is kept. Waking it takes a little longer."),
    State.FAILED: gettext_lazy("Something went wrong, and nobody knows what. Try again, or ask an administrator."),
    State.GONE: gettext_lazy("Its ports are closed, and its share of the quota is free again."),
}

# What was asked for, while no worker has taken it up.
_ASKED: dict[str, Promise] = {
    State.QUEUED: gettext_lazy("It is about to be made from its archive."),
    State.SUSPENDING: gettext_lazy("It is about to go to sleep."),
    State.WAKING: gettext_lazy("It is about to wake up."),
    State.SHELVING: gettext_lazy("It is about to be put away."),
    State.ARCHIVING: gettext_lazy("It is about to be archived."),
    State.DELETING: gettext_lazy("It is about to be deleted."),
}

# What a machine does once, where somebody asked for it; named by the counters of Machine.
_ASKED_ONCE: dict[str, Promise] = {
    "resets": gettext_lazy("It is about to be reset to its template."),
    "restarts": gettext_lazy("It is about to restart."),
    "rescues": gettext_lazy("It is about to be started from a rescue image."),
    "moves": gettext_lazy("It is about to move to another computer of the cluster."),
    "ports": gettext_lazy("Its public ports are being changed."),
    "names": gettext_lazy("Its new name is being passed on to the cluster."),
}


def word(machine: Machine) -> str:
    """Return the state as people read it."""
    return _("Gone from the cluster") if machine.is_missed else str(State(machine.state).label)


def at_rest(machine: Machine) -> str:
    """Say what a machine's state means for its owner; '' where the state says enough."""
    if not machine.is_settled:
        return _under_way(machine)
    if machine.is_missed:
        text = _(
            "Since %(at)s the cluster no longer has it: its server was deleted there, not here. It takes none of the quota."
        )
        return text % {"at": times.written(machine.gone_at or machine.state_since, "DATETIME_FORMAT")}
    if machine.state == State.RUNNING and not lets_in(machine) and not machine.lets_portal_in:
        return _("It runs, but no SSH key is in it yet.")
    return _archived(machine) if machine.state == State.ARCHIVED else str(_AT_REST.get(machine.state, ""))


def _under_way(machine: Machine) -> str:
    """Say what was asked for and is not done yet."""
    if not machine.has_come_true:
        return str(_ASKED.get(machine.state_on_the_way, _("Working on it.")))
    if machine.must_adopt:
        return _("It is being taken over from the cluster.")
    asked = (said for name, said in _ASKED_ONCE.items() if _is_owed(machine, name))
    return str(next(asked, _("Working on it.")))


def _is_owed(machine: Machine, name: str) -> bool:
    """Say whether something that a machine does once was asked for, and is not done yet."""
    return bool(getattr(machine, f"{name}_asked") != getattr(machine, f"{name}_done"))


def lets_in(machine: Machine) -> bool:
    """Say whether it runs, and anybody has a key to it, as far as Minga knows."""
    return machine.state == State.RUNNING and not machine.is_keyless


def _archived(machine: Machine) -> str:
    if machine.binned_at:
        return _("It is in the recycle bin. Restore it to have it back, on the same ports.")
    return _(
        "Its disk is kept as an image and counts as an archive. Its ports stay reserved for as long as the archive is kept, and count in"
        " the quota. Restore it to use it again, on the same ports."
    )


def turn(wait: int | None) -> str:
    """Say in how many minutes a queued machine gets room; None is unknown."""
    if wait is None:
        return _("It is not known how long that will take.")
    return _("Its turn should come in about %(wait)s.") % {"wait": span(timedelta(minutes=wait))}


def not_ready(machine: Machine, ports: Sequence[PortWay], now: datetime, *, is_unheard: bool = False) -> str:
    """Say why nobody should come in yet, though the machine runs; '' where every service of its template answers.

    is_unheard: the node that it runs on does not answer.
    """
    if not machine.owner.is_active:
        return _("It runs, but its ports are closed: its owner's account is deactivated.")
    if is_unheard:
        return _(
            "The computer of the cluster that it runs on does not answer. Nobody can reach the machine until that is back. There is nothing"
            " to do for you: administrators see it."
        )
    silent = [port for port in ports if not port.tunnel.extra and not port.answers]
    if trouble := trouble_of([port.tunnel for port in silent], now):
        return str(trouble)
    if ports and ports[0] in silent:
        return _(QUIET_GUEST)
    names = ", ".join(port.label for port in silent)
    return _(SOME_SILENT) % {"services": names} if silent else ""


def why_shut(machine: Machine, ports: Sequence[PortWay], owner: str = "", *, may_run: bool = True) -> str:
    """Say what to know before trying a way in that is closed; '' while they are open. owner: see Machine.owner_for."""
    if not may_run:
        return _("Its ports are closed while it may not run. Addresses and port numbers stay reserved for it.")
    if machine.state in (State.SUSPENDED, State.SHELVED) and machine.is_settled:
        return _shut_at_rest(ports, owner)
    if machine.state == State.FAILED:
        return _("It needs attention, so nothing answers here now. Addresses and port numbers stay the same.")
    opens = any(port.is_opening for port in ports)
    is_open = machine.is_settled or any(port.is_open for port in ports)
    if machine.state == State.RUNNING and is_open and not opens:
        return ""
    return _("Ports open when the machine runs. Addresses and port numbers stay the same for its whole life.")


def _shut_at_rest(ports: Sequence[PortWay], owner: str) -> str:
    if any(port.wakes for port in ports):
        yours = _(
            "A connection wakes it if it comes from where you or your class signed in here in the last day. To everybody else its ports are closed."
        )
        theirs = _(
            "A connection wakes it if it comes from where %(owner)s or somebody of their class signed in here in "
            "the last day. To everybody else its ports are closed."
        )
        return theirs % {"owner": owner} if owner else yours
    return _("Its ports are closed while it rests. Wake it, and the same lines work again.")
