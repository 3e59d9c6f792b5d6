"""A machine on a fake cloud, and browsers that look at its console."""

import contextlib
import json
from typing import Any

from django.conf import settings
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from accounts.models import User
from cloud.contract import Owner, ServerSpec
from machines.models import Machine
from tests.cloud.fake import FakeCloud
from tests.factories import make_machine
from tests.live.process import LiveProcess, session_of
from tests.waiting import PATIENCE


def machine_on(cloud: FakeCloud, owner: User, **facts: Any) -> Machine:
    """A machine whose server runs on that cloud."""
    machine = make_machine(owner, **facts)
    machine.server_id = cloud.ensure_server(ServerSpec(str(machine.pk), Owner("o"), "m", "tiny", "linux")).id
    machine.save(update_fields=["server_id"])
    cloud.settle()
    return machine


class Viewer:
    """A browser's console."""

    def __init__(self, live: LiveProcess, machine: Machine, person: User, path: str = "", **heads: str) -> None:
        cookie = f"{settings.SESSION_COOKIE_NAME}={session_of(person)}"
        heads = {"Cookie": cookie, "Origin": live.url, **heads}
        self.text = ""
        self.state: dict[str, Any] = {}
        self._stack = contextlib.ExitStack()
        line = connect(
            f"ws://localhost:{live.port}/live/console/{machine.pk}{path}",
            additional_headers=heads, proxy=None, open_timeout=PATIENCE, close_timeout=1,
        )  # fmt: skip
        self.line: ClientConnection = self._stack.enter_context(line)

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> "Viewer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def next(self) -> Any:
        """Take one more message."""
        message = self.line.recv(PATIENCE)
        if isinstance(message, bytes):
            return message
        facts = json.loads(message)
        if facts["type"] == "log":
            self.text = facts["text"] if facts["fresh"] else self.text + facts["text"]
        elif facts["type"] == "state":
            self.state = facts
        return facts

    def wait_for(self, words: str) -> str:
        """Read until these words are in the log, or are the state."""
        while words not in self.text and words != self.state.get("state"):
            self.next()
        return self.text

    def code_of_end(self) -> int:
        """Read on until the other side has closed it."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                self.line.recv(PATIENCE)
        return self.line.close_code or 0
