"""Judge what was found on the way to a port: hops with a sentence each, and one sentence for all: which is broken, who can do what.

Pure functions. A hop that only follows from another's fault is not broken: it is not tried, so that one row is marked, the cause.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext_noop as _

from lib.notes import Note
from portal.live.checks.check_door import Gate, Subject
from tunnels import port_checks
from tunnels.agent.protocol import read_address, read_network

BANNERS = {"ssh": b"SSH-", "vnc": b"RFB "}


@dataclass(frozen=True, slots=True)
class Tried:
    """The end of one try: `fault` is a word, '' where it was right; `ms` what it took."""

    fault: str = ""
    ms: float | None = None


UNTRIED = Tried("untried")
CLOSED = Tried("closed")  # the agent says that it does not have the port now
NOTHING = Note()


@dataclass(frozen=True, slots=True)
class Hop:
    """A hop. ok: None where it was not tried. `advice`: of a broken one, for the person who asked."""

    name: str
    ok: bool | None
    note: Note
    ms: float | None = None
    advice: Note = NOTHING


_UNTRIED = Note(_("Not tried."))
_TAKES = Note(_("It takes connections."))
_ANSWERS = Note(_("It answers."))
_THROUGH = Note(_("A trial came through."))
_REPORTED = Note(_("Right, as the agent said last."))
_HELD = Note(_("It holds the port while the machine sleeps."))
# The fault of a hop: its own sentence, and the advice.
_FAULTS: dict[str, tuple[str, str]] = {
    "no_address": (
        _("The name %(host)s leads to no address."),
        _("The name %(host)s leads nowhere now, so nobody finds the way in. An administrator must put that right."),
    ),
    "name_unheard": (
        _("No name server said in time where %(host)s is."),
        _("No name server said in time where %(host)s is, so the way in could not be tried. Check again in a minute; if it stays so, tell an administrator."),
    ),
    "vps_silent": (
        _("The gateway does not answer."),
        _("The gateway to the internet does not answer. An administrator must look at it. The machine itself goes on."),
    ),
    "port_shut": (
        _("The gateway takes no connection there."),
        _("The gateway takes no connection on this port, though the tunnel is up: a firewall may close it. An administrator must look at it."),
    ),
    "shut": (
        _("It is closed."),
        _("This port is closed now. If it stays so while the machine runs, tell an administrator."),
    ),
    "port_taken": (
        _("Something else has the port."),
        _("Something else on the gateway has this port. Minga tries again every few seconds; if it stays so, tell an administrator."),
    ),
    "opening": (
        _("It is being opened."),
        _("The port is being opened just now. Try again in some seconds."),
    ),
    "host_key": (
        _("The gateway shows another key than its own."),
        _("The gateway to the internet shows a key that is not its own. An administrator must look at it."),
    ),
    "denied": (
        _("The gateway does not let the agent in."),
        _("The gateway to the internet does not let the agent in. An administrator must look at it."),
    ),
    "link_cut": (
        _("The agent does not reach the gateway."),
        _("The gateway answers, but the agent does not reach it. An administrator must look at the line between them."),
    ),
    "nothing_through": (
        _("The gateway takes the connection, but nothing comes through."),
        _("The gateway takes the connection, but the tunnel passes nothing on. An administrator must look at the agent and the gateway."),
    ),
    "agent_away": (
        _("It does not answer."),
        _("The agent that carries connections to the machines does not answer. An administrator must start it again."),
    ),
    "agent_full": (
        _("It carries as many connections as it can."),
        _("The agent carries as many connections as it can. Try again in a minute; if it stays so, tell an administrator."),
    ),
    "agent_behind": (
        _("It does not know this port yet."),
        _("The agent does not know this port yet. Try again in some seconds."),
    ),
    "guest_silent": (
        _("It does not answer, though it should run."),
        _("The cluster says that the machine runs, but nothing in it answers. Its owner can restart it; if that does not help, ask an administrator."),
    ),
    "refused": (
        _("Nothing listens on port %(port)s."),
        _("The machine answers, but nothing in it listens on port %(port)s. Its owner can start the service there."),
    ),
    "ssh_off": (
        _("SSH does not run in it."),
        _("The machine answers, but SSH does not run in it. Its owner can restart the machine; if that does not help, ask an administrator."),
    ),
    "no_answer": (
        _("Port %(port)s does not answer."),
        _("The machine answers, but its port %(port)s does not: a firewall in the machine may close it. Its owner can open it there."),
    ),
    "hung_up": (
        _("Something takes the connection and hangs up at once."),
        _("Something in the machine takes connections on port %(port)s and hangs up at once. Its owner can start the service there again."),
    ),
    "mute": (
        _("It takes the connection, but says nothing."),
        _("The service on port %(port)s says nothing to a connection: it still starts, or is stuck. If it stays so, its owner can restart it or the machine."),
    ),
    "other": (
        _("Something else answers there."),
        _("On port %(port)s of the machine something else answers than expected. Its owner can look at what listens there."),
    ),
}  # fmt: skip
_RIGHT = Note(
    _("The whole way is right. If you still cannot connect, look at your own network, at the address and at your key.")
)
_NOT_FROM_THERE = Note(
    _(
        "The whole way is right, but this port lets in only some networks, and you come from another one. Its owner can change that."
    )
)
_UNSURE = Note(_("The check did not come to its end. Try again in a moment."))


def _broken(name: str, fault: str, **args: object) -> Hop:
    note, advice = _FAULTS[fault]
    return Hop(name, False, Note(note, args), advice=Note(advice, args))


def _untried(name: str) -> Hop:
    return Hop(name, None, _UNTRIED)


def name_hop(gate: Gate, name: Tried) -> Hop:
    if name.fault:
        return _broken("name", name.fault, host=gate.host)
    return Hop("name", True, Note(_("%(host)s has an address."), {"host": gate.host}), name.ms)


def port_and_tunnel(
    subject: Subject, gate: Gate, visit: Tried, echo: Tried, agent: Tried, *, vps: bool | None
) -> tuple[Hop, Hop]:
    """Judge the gateway's port and the tunnel together: which of them is the cause. `vps`: the gateway's own SSH answers us; None: nobody knows."""
    if subject.rest:
        return _at_rest(gate)
    if subject.is_shut:
        return _broken("port", "shut"), _untried("tunnel")
    if not visit.fault:
        return Hop("port", True, _TAKES, visit.ms), _tunnel(gate, echo)
    if visit is UNTRIED:
        by_report = Hop("port", True, _REPORTED), Hop("tunnel", True, _REPORTED)
        return by_report if gate.state == "open" else _why_shut(gate, vps=vps)
    if agent.fault == "agent_away":
        # Without an agent nobody listens there. Only a gateway that is not there at all is a cause of its own.
        is_gone = visit.fault == "no_answer" and vps is False
        return _broken("port", "vps_silent") if is_gone else _untried("port"), _untried("tunnel")
    return _why_shut(gate, vps=vps, is_closed=visit is CLOSED)


def _at_rest(gate: Gate) -> tuple[Hop, Hop]:
    """Judge by the agent's last report: a visit would wake the machine, or be refused."""
    if gate.state == "held" and gate.is_heard:
        return Hop("port", True, _HELD), Hop("tunnel", True, _REPORTED)
    return _untried("port"), _untried("tunnel")


def _tunnel(gate: Gate, echo: Tried) -> Hop:
    if echo is UNTRIED:
        return _untried("tunnel")
    return _broken("tunnel", "nothing_through") if echo.fault else Hop("tunnel", True, _THROUGH, echo.ms)


def _why_shut(gate: Gate, *, vps: bool | None, is_closed: bool = False) -> tuple[Hop, Hop]:
    """Say why nobody listens on the gateway's port, though the agent is there. What the rows have may be some moments old."""
    if gate.link in ("host_key", "denied"):
        return _untried("port"), _broken("tunnel", gate.link)
    if gate.link != "up":
        return (_untried("port"), _broken("tunnel", "link_cut")) if vps else _gone(vps=vps)
    if gate.state == "failed" or (gate.state == "opening" and gate.note):
        hop = _broken("port", "port_taken")
        return replace(hop, note=gate.note or hop.note), _untried("tunnel")
    if not vps:
        return _gone(vps=vps)
    if gate.state != "open" or is_closed:
        return _untried("port"), _broken("tunnel", "opening")
    return _broken("port", "port_shut"), _untried("tunnel")


def _gone(*, vps: bool | None) -> tuple[Hop, Hop]:
    if vps is None:
        return _untried("port"), _untried("tunnel")
    return _broken("port", "vps_silent"), _untried("tunnel")


def agent_hop(subject: Subject, agent: Tried) -> Hop:
    if subject.rest or subject.is_shut:
        is_heard = subject.gate is not None and subject.gate.is_heard
        return Hop("agent", True, _REPORTED) if is_heard else _broken("agent", "agent_away")
    return _broken("agent", agent.fault) if agent.fault else Hop("agent", True, _ANSWERS, agent.ms)


def guest_hop(subject: Subject, guest: Tried, *, other_port: bool) -> Hop:
    """`other_port`: a port of the machine that was tried beside this one has answered."""
    if subject.rest:
        return Hop("guest", False, subject.rest, advice=subject.advice)
    if guest is UNTRIED:
        return _untried("guest")
    if guest.fault == "no_answer" and not other_port:
        return _broken("guest", "guest_silent")
    return Hop("guest", True, _ANSWERS, guest.ms)


def service_hop(subject: Subject, guest: Hop, tried: Tried, service: Tried) -> Hop:
    """`tried`: how the connection to the port went; `service`: what came from there."""
    if not guest.ok:
        return _untried("service")
    fault = tried.fault or service.fault
    if fault == "refused" and subject.scheme == "ssh":
        return _broken("service", "ssh_off")
    if fault:
        return _broken("service", fault, port=subject.port)
    return Hop("service", True, _ANSWERS if subject.scheme in BANNERS else _TAKES, service.ms)


def first_broken(hops: Sequence[Hop]) -> Hop | None:
    return next((hop for hop in hops if hop.ok is False), None)


def came_to_end(hops: Sequence[Hop]) -> bool:
    """Say whether each hop was tried, as far as the service."""
    return bool(hops) and hops[-1].name == port_checks.HOPS[-1] and all(hop.ok is not None for hop in hops)


def verdict(subject: Subject, hops: Sequence[Hop], address: str) -> Note:
    """Return the one sentence above the list. `address`: from where the person comes who asked."""
    if broken := first_broken(hops):
        return broken.advice
    if not came_to_end(hops):
        return _UNSURE
    return _RIGHT if subject.gate is None or _is_let_in(subject.gate, address) else _NOT_FROM_THERE


def _is_let_in(gate: Gate, address: str) -> bool:
    try:
        visitor = read_address(address)
    except ValueError:
        return True
    return not gate.allow or any(visitor in read_network(text) for text in gate.allow)
