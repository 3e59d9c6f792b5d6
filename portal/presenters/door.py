"""One way in to a machine, as pages and API show it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from tunnels.models import Tunnel


@dataclass(frozen=True, slots=True)
class Door:
    """One way in: a service of the machine and the public port that leads to it."""

    tunnel: Tunnel
    state: str
    login: str  # the sign-in name of the machine's system

    @property
    def name(self) -> str:
        """The template's word for a service; a port that somebody opened is just that port."""
        return _("Port %(port)s") % {"port": self.tunnel.target_port} if self.tunnel.extra else self.tunnel.service

    @property
    def host(self) -> str:
        return self.tunnel.gateway.public_host

    @property
    def port(self) -> int:
        return self.tunnel.port

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def answers(self) -> bool:
        """Whether something inside has taken a connection since the port was opened: a port can be open to nothing."""
        return self.is_open and self.tunnel.answered_at is not None

    @property
    def wakes(self) -> bool:
        """Whether a connection from the right place wakes the machine."""
        return self.state == "held" and bool(self.tunnel.knock)

    @property
    def tone(self) -> str:
        if self.is_open and not self.answers:
            return "busy"
        return {"open": "on", "opening": "busy", "held": "asleep", "failed": "trouble"}.get(self.state, "away")

    @property
    def word(self) -> str:
        if self.state == "held":
            return _("Asleep: wakes when you connect") if self.wakes else _("Asleep")
        if self.is_open and not self.answers:
            return _("Open, but nothing inside answers")
        return {"open": _("Open"), "opening": _("Opening"), "failed": _("Does not open")}.get(self.state, _("Closed"))

    @property
    def is_web(self) -> bool:
        return self.tunnel.scheme in ("http", "https")

    @property
    def is_ssh(self) -> bool:
        return self.tunnel.scheme == "ssh"

    @property
    def user(self) -> str:
        """Whom to sign in as; '' where the service has no sign-in name."""
        return self.login if self.is_ssh else ""

    @property
    def command(self) -> str:
        return f"ssh -p {self.port} {self.user}@{self.host}" if self.is_ssh else ""

    @property
    def url(self) -> str:
        return f"{self.tunnel.scheme}://{self.host}:{self.port}/" if self.is_web else ""

    @property
    def forget_line(self) -> str:
        """What makes SSH take the host key of a guest that is a new one."""
        return f'ssh-keygen -R "[{self.host}]:{self.port}"'
