"""A screen by a VNC program. The cloud may serve it with a password of its own."""

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from machines.models import Machine
from portal.ways_in.port_ways import PortKind, PortWay
from portal.ways_in.ways import Facts
from tunnels.models import Tunnel


class VncWay(PortWay):
    icon = "screen"
    row = "machines/ways_in/vnc.html"

    def __init__(self, machine: Machine, tunnel: Tunnel, number: int, facts: Facts) -> None:
        super().__init__(machine, tunnel, number, facts)
        self._facts = facts

    @property
    def opens_with(self) -> str:
        return _("Open it with a VNC program, such as TigerVNC or RealVNC Viewer.")

    @property
    def password(self) -> str:
        return cloud_password(self.machine, self._facts.serves_screens)


def cloud_password(machine: Machine, serves_screens: Callable[[], bool]) -> str:
    """Return the password of a screen that the cloud itself serves; '' where what answers is the guest's."""
    password = machine.vnc_password
    return password if password and serves_screens() else ""


VNC = PortKind("vnc", VncWay, gettext_lazy("Screen"))
