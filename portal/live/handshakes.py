"""A queue before what costs processor time: so many at once, first come first served, and all others know their place."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

Tell = Callable[[int], Any]
TELL_SECONDS = 0.5  # between two times that all are told: told at each step, a thousand would get half a million frames


@dataclass(eq=False)
class _Waiting:
    tell: Tell | None
    turn: asyncio.Event = field(default_factory=asyncio.Event)


class Queue:
    """`at_once`: how many may have their turn at a time."""

    def __init__(self, at_once: int) -> None:
        self.free = at_once
        self.waiting: deque[_Waiting] = deque()
        self._telling: asyncio.TimerHandle | None = None

    @contextlib.asynccontextmanager
    async def turn(self, tell: Tell | None = None) -> AsyncIterator[None]:
        """Wait for a turn and have it until the end of the block. `tell` hears how many are before, at once and while that changes."""
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
        if one.tell:
            one.tell(len(self.waiting) - 1)
        try:
            await one.turn.wait()
        except asyncio.CancelledError:
            if one in self.waiting:
                self.waiting.remove(one)
                self._tell_soon()
            else:
                self._pass_on()  # it had got its turn in this moment
            raise

    def _pass_on(self) -> None:
        """Give the turn to whoever is next, or back."""
        if not self.waiting:
            self.free += 1
            return
        self.waiting.popleft().turn.set()
        self._tell_soon()

    def _tell_soon(self) -> None:
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(TELL_SECONDS, self._tell)

    def _tell(self) -> None:
        self._telling = None
        for place, one in enumerate(list(self.waiting)):
            if one.tell:
                one.tell(place)
