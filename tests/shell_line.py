"""A terminal of a machine in an installation that runs elsewhere: its websocket, for tests that have no rows of its database."""

import contextlib
import json
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

SECONDS = 120  # a guest without KVM on a busy computer


class ShellLine:
    """Connects anew, as the page does, while it is told that this may help."""

    def __init__(self, connect: Callable[[], ClientConnection]) -> None:
        self.connect = connect
        self.output, self.told = b"", list[dict[str, Any]]()
        self.stack = contextlib.ExitStack()

    def __enter__(self) -> "ShellLine":
        """Return when the shell is open."""
        ends = time.monotonic() + SECONDS
        while not self._opens():
            assert self.told[-1].get("again", True), self.told
            assert time.monotonic() < ends, self.told
            time.sleep(0.3)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stack.close()

    def type(self, text: str) -> None:
        self.line.send(text.encode())

    def shows(self, words: str) -> None:
        self._until(lambda: words.encode() in self.output)

    def ends(self) -> dict[str, Any]:
        """Wait for the end; what was said of it."""
        with contextlib.suppress(EOFError):
            self._until(lambda: False)
        return self.told[-1]

    def _opens(self) -> bool:
        self.stack.close()
        self.told.clear()
        self.line = self.stack.enter_context(self.connect())
        with contextlib.suppress(EOFError):
            self._until(lambda: any(frame["type"] == "open" for frame in self.told))
            return True
        return False

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
            self.told.append(json.loads(frame))
        else:
            self.output += frame
