"""A screen by a VNC program. The cloud may serve it with a password of its own."""

from collections.abc import Callable

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
        return cloud_password(self.machine, self._facts.serves_screens)


def cloud_password(machine: Machine, serves_screens: Callable[[], bool]) -> str:
    """Return the password of a screen that the cloud itself serves; '' where what answers is the guest's."""
    password = machine.vnc_password
    return password if password and serves_screens() else ""


VNC = PortKind("vnc", VncWay)
