"""A small server of shells that keeps the contract of docs/api.md: for pages of a terminal in a browser."""

import contextlib
import json
import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from tests.waiting import until


class Visit:
    """A page's line to one shell, and what it sent there."""

    def __init__(self, line: ServerConnection) -> None:
        assert line.request is not None
        address = urlsplit(line.request.path)
        self.line, self.name = line, address.path.rpartition("/")[2]
        self.asked = {key: values[0] for key, values in parse_qs(address.query).items()}
        self.typed = b""
        self.frames: list[dict[str, Any]] = []

    def say(self, **frame: Any) -> None:
        self.line.send(json.dumps(frame))

    def open(self, at: int = 0, **facts: Any) -> None:
        self.say(type="open", **{"life": "a", "shell": "s", "at": at, "fresh": not at, "survives": True, **facts})

    def show(self, text: str) -> None:
        self.line.send(text.encode())

    def end(self, close: int, text: str = "", *, again: bool = False) -> None:
        if text:
            self.say(type="end", code="x", text=text, again=again)
        self.line.close(close)

    @property
    def acknowledged(self) -> int:
        return sum(frame["bytes"] for frame in self.frames if frame["type"] == "ack")


class ShellServer:
    """`opens`: whether each shell opens at once; `answers`: pings. `visits`: all lines so far, the newest last."""

    def __init__(self) -> None:
        self.opens = self.answers = True
        self.visits: list[Visit] = []
        self.server = serve(self._serve, "127.0.0.1", 0, compression=None)
        self.port = self.server.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        for visit in self.visits:
            visit.line.close()
        self.thread.join()

    def visit(self, number: int = 1) -> Visit:
        """Return the `number`-th line since the start, as soon as it is there."""
        until(lambda: len(self.visits) >= number, f"line {number}")
        return self.visits[number - 1]

    def _serve(self, line: ServerConnection) -> None:
        visit = Visit(line)
        if self.opens:
            visit.say(type="names", names=["1"])
            visit.open()
        self.visits.append(visit)
        with contextlib.suppress(ConnectionClosed):
            for message in line:
                if isinstance(message, bytes):
                    visit.typed += message
                else:
                    visit.frames.append(frame := json.loads(message))
                    if frame["type"] == "ping" and self.answers:
                        visit.say(type="pong")
