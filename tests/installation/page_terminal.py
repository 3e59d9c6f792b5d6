"""A terminal of a machine as its page opens it: a websocket over TLS through the proxy, with the session's cookie."""

import contextlib
import json
import socket
import ssl
import time
from collections.abc import Callable
from types import TracebackType

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.installation.answers import SITE
from tests.installation.page_visitor import Visitor

SECONDS = 60
TRIES = 5  # the page tries again by itself, where it is told to


class Terminal:
    def __init__(self, visitor: Visitor, machine: str) -> None:
        self.visitor, self.address = visitor, f"wss://{SITE}/live/terminal/{machine}/1?cols=80&rows=24"
        self.output, self.told = b"", list[str]()
        self.stack = contextlib.ExitStack()

    def __enter__(self) -> "Terminal":
        """Return when it is open."""
        for _n in range(TRIES):
            self._connect()
            with contextlib.suppress(EOFError):
                self._until(lambda: any(json.loads(text)["type"] == "open" for text in self.told))
                return self
            time.sleep(1)  # a program that comes back at once would be a flood
        raise AssertionError(f"no terminal opens: {self.told}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stack.close()

    def _connect(self) -> None:
        self.stack.close()
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.visitor.client.cookies.jar)
        trust = ssl.create_default_context(cafile=str(self.visitor.authority))
        self.line = self.stack.enter_context(
            connect(
                self.address, sock=socket.create_connection(("127.0.0.1", self.visitor.port), SECONDS), ssl=trust, server_hostname=SITE,
                origin=Origin(f"https://{SITE}"), additional_headers={"Cookie": cookies}, proxy=None,
            )
        )  # fmt: skip

    def type(self, text: str) -> None:
        self.line.send(text.encode())

    def shows(self, words: str) -> None:
        self._until(lambda: words.encode() in self.output)

    def _until(self, true: Callable[[], bool]) -> None:
        """Read until it is so. Raises EOFError where the line ends before."""
        ends = time.monotonic() + SECONDS
        while not true():
            assert time.monotonic() < ends, (self.told, self.output[-1000:])
            self._read()

    def _read(self) -> None:
        try:
            frame = self.line.recv(1)
        except TimeoutError:
            return
        except ConnectionClosed as end:
            raise EOFError from end
        if isinstance(frame, str):
            self.told.append(frame)
        else:
            self.output += frame
