"""The console log, the serial console and the screen of a server."""

from typing import Any

from cloud.contract import MOST_LOG_BYTES, CloudGone, CloudRefused, SerialConsole
from cloud.openstack.client import Client
from cloud.openstack.errors import BadRequest, Conflict, body
from cloud.openstack.server_actions import ServerActions


class ConsoleVerbs:
    """The consoles' part of the contract."""

    client: Client
    actions: ServerActions

    def console_log(self, server_id: str, lines: int = 100, *, project: str = "") -> str:
        try:
            wish = {"length": lines}
            text = str(self.actions.act(server_id, "os-getConsoleOutput", wish, project=project or None)["output"])
        except Conflict:
            return ""  # it is not running
        except CloudGone:
            self.actions.get(
                server_id, project=project or None
            )  # Nova says 404 also while the host has no such server yet
            return ""
        return text.encode(errors="replace")[-MOST_LOG_BYTES:].decode(errors="ignore")

    def serial_console(self, server_id: str, *, project: str = "") -> SerialConsole | None:
        """Ask Nova for a token of its serial proxy. None where the cloud has switched serial consoles off: Nova then refuses the type."""
        try:
            url = self._console(server_id, {"protocol": "serial", "type": "serial"}, project)
            return SerialConsole(url, self.client.ca)
        except (BadRequest, Conflict):
            return None
        except CloudGone:
            self.actions.get(server_id, project=project or None)
            return None

    def console_url(self, server_id: str) -> str:
        try:
            return self._console(server_id, {"protocol": "vnc", "type": "novnc"})
        except CloudGone:
            self.actions.get(server_id)
            raise CloudRefused("It has no screen yet.") from None
        except Conflict as error:
            raise CloudRefused(f"It has no screen now: {error}") from error

    def _console(self, server_id: str, kind: dict[str, str], project: str = "") -> str:
        wish: dict[str, Any] = {"remote_console": kind}
        path = f"/servers/{server_id}/remote-consoles"
        answer = self.client.request("compute", "POST", path, json=wish, project=project or None)
        return str(body(answer)["remote_console"]["url"])
