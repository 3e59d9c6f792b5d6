"""Turns of people: so many requests of one person at a time, more wait for theirs, and the rest is refused."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Hashable

from portal.live.entry import Refused

LONGEST_WAIT = 50.0  # seconds; a proxy waits for a minute


class Turns:
    """`of_each`: at a time, of one person. `waiting`: of one person. `most`: at a time, of all."""

    def __init__(self, of_each: int, waiting: int, most: int) -> None:
        self.of_each, self.most_waiting = of_each, waiting
        self.running = 0
        self._all = asyncio.Semaphore(most)
        self._people: dict[Hashable, asyncio.Semaphore] = {}
        self._here: dict[Hashable, int] = {}

    @contextlib.asynccontextmanager
    async def turn(self, person: Hashable) -> AsyncIterator[None]:
        """Wait for a turn and have it until the end of the block. Raises Refused."""
        if self._here.get(person, 0) >= self.of_each + self.most_waiting:
            raise Refused(429, "too_many")
        self._here[person] = self._here.get(person, 0) + 1
        try:
            async with contextlib.AsyncExitStack() as stack:
                await self._wait(stack, person)
                self.running += 1
                stack.callback(self._end)
                yield
        finally:
            self._leave(person)

    async def _wait(self, stack: contextlib.AsyncExitStack, person: Hashable) -> None:
        mine = self._people.setdefault(person, asyncio.Semaphore(self.of_each))
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                await stack.enter_async_context(mine)
                await stack.enter_async_context(self._all)
        except TimeoutError:
            raise Refused(429, "busy") from None

    def _end(self) -> None:
        self.running -= 1

    def _leave(self, person: Hashable) -> None:
        self._here[person] -= 1
        if not self._here[person]:
            del self._here[person], self._people[person]
