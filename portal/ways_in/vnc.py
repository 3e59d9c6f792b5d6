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
        self.password = machine.vnc_password if facts.serves_screens else ""  # else what answers is the guest's


VNC = PortKind("vnc", VncWay)
