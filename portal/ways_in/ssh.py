"""SSH. The first of a machine is how most people come in, so it stands above the list and has lines to copy."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from machines import key_files
from portal.ways_in import ssh_lines
from portal.ways_in.port_ways import PortKind, PortWay
from portal.ways_in.ways import Facts


class SshWay(PortWay):
    icon = "terminal"
    row = "machines/ways_in/ssh_row.html"

    @property
    def template(self) -> str:
        return "machines/ways_in/ssh.html" if self.is_main else super().template

    @property
    def opens_with(self) -> str:
        return _("Paste it into a terminal.")

    @property
    def user(self) -> str:
        return self.machine.ssh_user

    @property
    def key_file(self) -> str:
        """Return the file that the line names; '' where ssh finds the key by itself, or nothing is known."""
        return self.key_files[0] if self.key_files else ""

    @property
    def command(self) -> str:
        return ssh_lines.connect(**self._address, key_file=self.key_file)

    @property
    def putty_command(self) -> str:
        return ssh_lines.putty(**self._address, key_file=self.key_file)

    @property
    def scp_to(self) -> str:
        return self._scp[0]

    @property
    def scp_from(self) -> str:
        return self._scp[1]

    @property
    def rsync_to(self) -> str:
        return self._rsync[0]

    @property
    def rsync_from(self) -> str:
        return self._rsync[1]

    @property
    def _scp(self) -> tuple[str, str]:
        return ssh_lines.scp(**self._address, file=_("FILE"), key_file=self.key_file)

    @property
    def _rsync(self) -> tuple[str, str]:
        return ssh_lines.rsync(**self._address, folder=_("FOLDER"), key_file=self.key_file)

    def code_host(self, alias: str) -> str:
        """Return the host as VS Code is told. Only by the block of ~/.ssh/config does it find a key that ssh does not try by itself."""
        return alias if self.key_file else f"{self.user}@{self.host}:{self.port}"

    @property
    def _address(self) -> dict[str, Any]:
        return {"host": self.host, "port": self.port, "user": self.user}

    @property
    def host_key_alias(self) -> str:
        """Return the name under which ssh keeps the host key, as `minga ssh` does: a port may be another machine's tomorrow."""
        return f"minga-{self.machine.pk}"

    def config_for(self, alias: str) -> str:
        """Return the block for ~/.ssh/config that makes `ssh ALIAS` enough."""
        return ssh_lines.config(
            alias=alias, **self._address, key_files=self.key_files, host_key_alias=self.host_key_alias
        )

    @property
    def forget_line(self) -> str:
        """The command that makes SSH take the host key of a guest that is a new one."""
        return ssh_lines.forget(f"[{self.host}]:{self.port}")

    @property
    def forget_alias_line(self) -> str:
        """The same, for a host key that was met by the block of ~/.ssh/config."""
        return ssh_lines.forget(self.host_key_alias)

    @property
    def details(self) -> dict[str, Any]:
        return {**super().details, "user": self.user, "command": self.command, "key_files": list(self.key_files)}

    @property
    def version(self) -> object:
        return super().version, self.key_files


class SshKind(PortKind):
    def load(self, facts: Facts) -> Iterable[tuple[UUID, PortWay]]:
        files = key_files.files_of(facts.machines, facts.reader)
        seen = set()
        for machine, way in super().load(facts):
            way.is_main = machine not in seen
            way.key_files = files.get(machine, ())
            seen.add(machine)
            yield machine, way


SSH = SshKind("ssh", SshWay, gettext_lazy("Terminal"))
