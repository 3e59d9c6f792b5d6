"""SSH. The first of a machine is how most people come in, so it stands above the list and has lines to copy."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from portal.ways_in.kinds import Facts
from portal.ways_in.ports import PortKind, PortWay


class SshWay(PortWay):
    icon = "terminal"

    @property
    def template(self) -> str:
        return "machines/ways_in/ssh.html" if self.is_main else super().template

    @property
    def user(self) -> str:
        return self.machine.ssh_user

    @property
    def command(self) -> str:
        return f"ssh -p {self.port} {self.user}@{self.host}"

    @property
    def forget_line(self) -> str:
        """The command that makes SSH take the host key of a guest that is a new one."""
        return f'ssh-keygen -R "[{self.host}]:{self.port}"'

    @property
    def details(self) -> dict[str, Any]:
        return {**super().details, "user": self.user, "command": self.command}


class SshKind(PortKind):
    def load(self, facts: Facts) -> Iterable[tuple[UUID, PortWay]]:
        seen = set()
        for machine, way in super().load(facts):
            way.is_main = machine not in seen
            seen.add(machine)
            yield machine, way


SSH = SshKind("ssh", SshWay)
