"""Ways in by a public port of a gateway. Each scheme is a kind of its own."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from lib.schemes import SCHEMES
from machines.models import Machine
from machines.states import State
from portal.ways_in import registry
from portal.ways_in.ways import Facts, WayIn
from tunnels.models import Tunnel

USUAL_NAMES = {*SCHEMES, "web", "screen", "desktop"}  # of services, in templates that come with Minga and in the form
_TONES = {"open": "on", "opening": "busy", "held": "asleep", "failed": "trouble"}


class PortWay(WayIn):
    """A service of a machine and the public port that leads to it."""

    row = "machines/ways_in/port.html"  # the template part that draws it in a list of ports
    # Names of the reader's private keys in ~/.ssh that open it, where a program must be told.
    key_files: Sequence[str] = ()

    def __init__(self, machine: Machine, tunnel: Tunnel, number: int, facts: Facts) -> None:
        self.machine, self.tunnel, self.place = machine, tunnel, (0, number)
        self.state = tunnel.shown_state(facts.now)

    @property
    def template(self) -> str:
        return self.row

    @property
    def kind(self) -> str:
        return self.tunnel.scheme

    @property
    def label(self) -> str:
        """The template's name for a service, or our word where that says no more than its kind. A port that somebody opened is just that port."""
        if self.tunnel.extra:
            return _("Port %(port)s") % {"port": self.tunnel.target_port}
        name = self.tunnel.service
        return registry.service_word(self.kind) or name if name.lower() in USUAL_NAMES else name

    @property
    def host(self) -> str:
        return self.tunnel.gateway.public_host

    @property
    def port(self) -> int:
        return self.tunnel.port

    @property
    def user(self) -> str:
        """Return the sign-in name; '' where the service has none."""
        return ""

    @property
    def command(self) -> str:
        """The line to type in a terminal; '' for other services."""
        return ""

    @property
    def url(self) -> str:
        """The address for a browser; '' for other services."""
        return ""

    @property
    def address(self) -> str:
        return self.command or self.url or f"{self.host}:{self.port}"

    @property
    def opens_with(self) -> str:
        """Say which program opens it."""
        return _("For a program of yours: this host, this port.")

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def is_opening(self) -> bool:
        return self.state == "opening"

    @property
    def answers(self) -> bool:
        """Return whether something inside has taken a connection since the port was opened: a port can be open to nothing."""
        is_broken = self.machine.state == State.FAILED
        return self.is_open and self.tunnel.answered_at is not None and not is_broken

    @property
    def wakes(self) -> bool:
        """Return whether a connection from the right place wakes the machine."""
        return self.state == "held" and bool(self.tunnel.knock)

    @property
    def why_not(self) -> str:
        return "" if self.answers or self.wakes else str(self.tunnel.note) or self.word

    @property
    def tone(self) -> str:
        return "busy" if self.is_open and not self.answers else _TONES.get(self.state, "away")

    @property
    def word(self) -> str:
        if self.state == "held":
            return _("Asleep: wakes when you connect") if self.wakes else _("Asleep")
        if self.is_open and not self.answers:
            return _("Open, but nothing inside answers")
        return {"open": _("Open"), "opening": _("Opening"), "failed": _("Does not open")}.get(self.state, _("Closed"))

    @property
    def details(self) -> dict[str, Any]:
        return {"host": self.host, "port": self.port}

    @property
    def version(self) -> object:
        return self.port, self.state, self.answers


class PortKind:
    """A scheme of the public ports; `way` is what it makes of a tunnel. `service_word`: see Kind."""

    def __init__(self, name: str, way: type[PortWay], service_word: Promise | str = "") -> None:
        self.name, self.way, self.service_word = name, way, service_word

    def load(self, facts: Facts) -> Iterable[tuple[UUID, PortWay]]:
        for machine in facts.machines:
            for number, tunnel in enumerate(facts.tunnels.get(machine.pk, ())):
                if tunnel.scheme == self.name:
                    yield machine.pk, self.way(machine, tunnel, number, facts)
