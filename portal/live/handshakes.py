"""A queue before what costs processor time: so many at once, first come first served, and all others know their place."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

Tell = Callable[[int], Any]


@dataclass(eq=False)
class _Waiting:
    tell: Tell | None
    turn: asyncio.Event = field(default_factory=asyncio.Event)


class Queue:
    """`at_once`: how many may have their turn at a time."""

    def __init__(self, at_once: int) -> None:
        self.free = at_once
        self.waiting: deque[_Waiting] = deque()

    @contextlib.asynccontextmanager
    async def turn(self, tell: Tell | None = None) -> AsyncIterator[None]:
        """Wait for a turn and have it until the end of the block. `tell` hears how many are before, each time that changes."""
        if self.free and not self.waiting:
            self.free -= 1
        else:
            await self._wait(_Waiting(tell))
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, one: _Waiting) -> None:
        self.waiting.append(one)
        self._tell([one])
        try:
            await one.turn.wait()
        except asyncio.CancelledError:
            if one in self.waiting:
                self.waiting.remove(one)
                self._tell(self.waiting)
            else:
                self._pass_on()  # it had got its turn in this moment
            raise

    def _pass_on(self) -> None:
        """Give the turn to whoever is next, or back."""
        if not self.waiting:
            self.free += 1
            return
        self.waiting.popleft().turn.set()
        self._tell(self.waiting)

    def _tell(self, ones: Any) -> None:
        for one in list(ones):
            if one.tell:
                one.tell(self.waiting.index(one))
