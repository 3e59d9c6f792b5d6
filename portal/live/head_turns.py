"""Turns of requests: few heads are read in each round of the event loop, so that who types in a terminal does not wait for a crowd at the door."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

AT_ONCE = 2  # each takes about a millisecond, with its refusal


class HeadTurns:
    """`wait` has `read` called in its turn: at once where nobody else waits."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], Any]] = deque()
        self._is_due = False

    def wait(self, read: Callable[[], Any]) -> None:
        self._waiting.append(read)
        self._come_back()

    def _come_back(self) -> None:
        if self._waiting and not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        self._is_due = False
        for _ in range(min(AT_ONCE, len(self._waiting))):
            asyncio.get_running_loop().call_soon(self._waiting.popleft())  # a fault of one is not the others'
        self._come_back()
