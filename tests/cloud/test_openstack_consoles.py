"""Consoles of Nova: what it answers, and in which project it is asked."""

import json
from typing import Any

import pytest
import requests

from cloud.contract import MOST_LOG_BYTES, CloudGone, CloudRefused, SerialConsole
from cloud.openstack.console_verbs import ConsoleVerbs
from cloud.openstack.errors import BadRequest, Conflict
from cloud.openstack.server_actions import ServerActions

URL = "wss://nova.example.org:6083/?token=abc"


class NovaClient:
    """Answers each POST with `said`, or raises it; the server is there."""

    ca = "/etc/ca.pem"

    def __init__(self, said: Any) -> None:
        self.said, self.asked = said, list[tuple[str, Any, str | None]]()

    def request(self, _service: str, method: str, path: str, **facts: Any) -> requests.Response:
        self.asked.append((path, facts.get("json"), facts.get("project")))
        if method == "GET":
            return answer({"server": {"id": "s", "status": "ACTIVE"}})
        if isinstance(self.said, Exception):
            raise self.said
        return answer(self.said)


def answer(said: Any) -> requests.Response:
    made = requests.Response()
    made.status_code = 200
    made._content = json.dumps(said).encode()
    return made


def consoles(said: Any) -> tuple[ConsoleVerbs, NovaClient]:
    verbs, client = ConsoleVerbs(), NovaClient(said)
    verbs.client, verbs.actions = client, ServerActions(client)  # type: ignore[arg-type, assignment]
    return verbs, client


def test_a_serial_console_is_asked_for_in_the_servers_own_project() -> None:
    verbs, client = consoles({"remote_console": {"url": URL}})
    assert verbs.serial_console("s", project="theirs") == SerialConsole(URL, "/etc/ca.pem")
    wish = {"remote_console": {"protocol": "serial", "type": "serial"}}
    assert client.asked == [("/servers/s/remote-consoles", wish, "theirs")]


@pytest.mark.parametrize(
    "error", [BadRequest("400 Unavailable console type serial."), Conflict("409 not ready"), CloudGone("x")]
)
def test_a_cloud_without_serial_consoles_offers_none(error: Exception) -> None:
    assert consoles(error)[0].serial_console("s") is None


def test_a_role_that_is_missing_is_said() -> None:
    with pytest.raises(CloudRefused):
        consoles(CloudRefused("403 Policy does not allow it"))[0].serial_console("s")


def test_a_log_is_bounded_whatever_nova_says() -> None:
    verbs, client = consoles({"output": "ñ" * MOST_LOG_BYTES + "x"})
    assert len(verbs.console_log("s", 400, project="theirs").encode()) <= MOST_LOG_BYTES
    assert client.asked == [("/servers/s/action", {"os-getConsoleOutput": {"length": 400}}, "theirs")]


def test_one_that_is_not_running_has_an_empty_log() -> None:
    assert consoles(Conflict("409"))[0].console_log("s") == ""
