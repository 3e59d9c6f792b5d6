"""Turns of terminals that print much: one after the other, so that whoever types beside twenty floods does not wait for all of them."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

BYTES = 64 * 1024  # of output; then the others come first
SECONDS = 0.002  # between two turns. With that all together print at most 32 MB a second, for a third of a processor


class Turns:
    """`wait` has `go_on` called when it is its turn: at the next tick where nobody else waits."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], Any]] = deque()

    def wait(self, go_on: Callable[[], Any]) -> None:
        self._waiting.append(go_on)
        if len(self._waiting) == 1:
            self._tick()

    def _tick(self) -> None:
        asyncio.get_running_loop().call_later(SECONDS, self._next)

    def _next(self) -> None:
        go_on = self._waiting.popleft()
        if self._waiting:
            self._tick()
        go_on()
