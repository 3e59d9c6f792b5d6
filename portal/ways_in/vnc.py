"""A screen by a VNC program. The cloud may serve it with a password of its own."""

from machines.models import Machine
from portal.ways_in.kinds import Facts
from portal.ways_in.ports import PortKind, PortWay
from tunnels.models import Tunnel


class VncWay(PortWay):
    icon = "screen"
    template = "machines/ways_in/vnc.html"

    def __init__(self, machine: Machine, tunnel: Tunnel, number: int, facts: Facts) -> None:
        super().__init__(machine, tunnel, number, facts)
        self._facts = facts

    @property
    def password(self) -> str:
        """The password of a screen that the cloud itself serves; '' where what answers is the guest's."""
        word = self.machine.vnc_password
        return word if word and self._facts.serves_screens() else ""


VNC = PortKind("vnc", VncWay)
