"""A queue before what costs processor time: so many at once, whoever has the fewest turns comes first, and all others know their place.

A turn that takes longer than SECONDS costs no processor time: it waits for a guest that does not answer. It counts no more, so that
guests that hang, of one person or of a whole node, keep nobody waiting for long.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

MOST_OF_ONE = 4  # turns of a person at a time
SECONDS = 3.0
TELL_SECONDS = 0.5  # between two times that all are told: told at each step, a thousand would get half a million frames
Tell = Callable[[int], Any]


@dataclass(eq=False)
class _Waiting:
    tell: Tell | None
    person: Hashable
    has_turn: bool = False
    turn: asyncio.Event = field(default_factory=asyncio.Event)


class Queue:
    """`at_once`: how many may have their turn at a time."""

    def __init__(self, at_once: int) -> None:
        self.free = at_once
        self.waiting: deque[_Waiting] = deque()
        self._telling: asyncio.TimerHandle | None = None
        self._turns: Counter[Hashable] = Counter()  # of people

    @contextlib.asynccontextmanager
    async def turn(self, tell: Tell | None = None, *, person: Hashable = None) -> AsyncIterator[None]:
        """Wait for a turn and have it until the end of the block. `tell` hears how many are before, at once and while that changes."""
        one = _Waiting(tell, person)
        self.waiting.append(one)
        self._admit()
        if tell and not one.has_turn:
            tell(self.waiting.index(one))
        try:
            await one.turn.wait()
            late = asyncio.get_running_loop().call_later(SECONDS, self._give_back, one)
            try:
                yield
            finally:
                late.cancel()
        finally:
            self._leave(one)

    def _leave(self, one: _Waiting) -> None:
        """Take back the turn of one who has it, or the place of one who waits."""
        if one in self.waiting:
            self.waiting.remove(one)
            self._tell_soon()
        self._give_back(one)

    def _give_back(self, one: _Waiting) -> None:
        if one.has_turn:
            one.has_turn = False
            self._turns[one.person] -= 1
            if not self._turns[one.person]:
                del self._turns[one.person]
            self._pass_on()

    def _pass_on(self) -> None:
        """Give a turn to whoever is next, or keep it."""
        self.free += 1
        self._admit()

    def _admit(self) -> None:
        admitted = False
        while self.free > 0 and (one := self._next()):
            self.waiting.remove(one)
            self.free -= 1
            self._turns[one.person] += 1
            one.has_turn = admitted = True
            one.turn.set()
        if admitted:
            self._tell_soon()

    def _next(self) -> _Waiting | None:
        """Return the first of those whose people have the fewest turns."""
        may = (one for one in self.waiting if self._turns[one.person] < MOST_OF_ONE)
        return min(may, key=lambda one: self._turns[one.person], default=None)

    def _tell_soon(self) -> None:
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(TELL_SECONDS, self._tell)

    def _tell(self) -> None:
        self._telling = None
        for place, one in enumerate(list(self.waiting)):
            if one.tell:
                one.tell(place)
