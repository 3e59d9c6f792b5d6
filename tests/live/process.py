"""A live process's server in a thread of the tests, with the tests' rows; and browsers that listen, without threads of their own."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from django.conf import settings
from django.test import Client

from accounts.models import User
from portal import serve
from portal.live import reading, rights_watch
from portal.live.__main__ import make_server
from tests.ports import free_port
from tests.waiting import PATIENCE, until

# One that stood still for seconds goes on as before: in production it ends connections whose rights nobody looked at meanwhile.
rights_watch.UNSURE_SECONDS = reading.SECONDS = PATIENCE


class LiveProcess:
    """The server, at a port that it keeps when it is started again."""

    def __init__(self, trusted: Collection[str] = ()) -> None:
        """`trusted`: proxies whose words it believes."""
        self.port, self.trusted = free_port(), list(trusted)
        self.start()

    def start(self) -> None:
        listening = serve.listen("127.0.0.1", self.port)
        self.server: Any = make_server(trusted=self.trusted)
        self.hub = self.server.config.app.hub
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run(listening)))
        self.thread.start()
        until(lambda: self.hub.hears_changes, "changes come from Redis")

    async def _run(self, listening: socket.socket) -> None:
        self.loop = asyncio.get_running_loop()
        await self.server.serve([listening])

    def stop(self) -> None:
        """Stop as SIGTERM does."""
        self.server.should_exit = True
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()

    def call(self, what: Callable[[], None]) -> None:
        """Call it in the server's own loop."""
        self.loop.call_soon_threadsafe(what)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"


def session_of(person: User) -> str:
    client = Client()
    client.force_login(person)
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


class Listener:
    """A browser's stream: what it has heard is (event, data, id)."""

    def __init__(self, live: LiveProcess, *, last: str = "", **headers: str) -> None:
        self.line = socket.create_connection(("127.0.0.1", live.port), PATIENCE)
        path = f"/live/events?last={last}" if last else "/live/events"
        heads = {"Host": "localhost", "Accept": "text/event-stream", **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in heads.items())
        self.line.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        self.text = ""
        self.is_over = False

    @classmethod
    def of(cls, live: LiveProcess, person: User, **more: str) -> "Listener":
        listener = cls(live, Cookie=f"{settings.SESSION_COOKIE_NAME}={session_of(person)}", **more)
        listener.wait_for("event: state")
        return listener

    def wait_for(self, words: str) -> str:
        """Read until these words have come; all that has."""
        end = time.monotonic() + PATIENCE
        while words not in self.text:
            assert not self.is_over, self.text
            self.read(end - time.monotonic())
        return self.text

    def wait_for_end(self) -> str:
        end = time.monotonic() + PATIENCE
        while not self.is_over:
            self.read(end - time.monotonic())
        return self.text

    def read(self, seconds: float) -> None:
        self.line.settimeout(max(0.01, seconds))
        got = self.line.recv(65536)
        self.text += got.decode(errors="replace")  # the frame of a websocket may come with the head
        self.is_over = not got

    @property
    def status(self) -> int:
        self.wait_for("\r\n\r\n")
        return int(self.text.split()[1])

    @property
    def changes(self) -> list[str]:
        lines = self.text.replace("\r\n", "\n").splitlines()
        return [lines[n + 1].removeprefix("data: ") for n, line in enumerate(lines) if line == "event: change"]

    @property
    def last(self) -> str:
        return [line for line in self.text.splitlines() if line.startswith("id: ")][-1].removeprefix("id: ")

    def close(self) -> None:
        self.line.close()
