"""Waiting that takes little memory. asyncio's own keep their waiters in deques: each takes 760 bytes, an empty one too."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class SmallEvent(asyncio.Event):
    """An event on which few wait."""

    def __init__(self) -> None:
        super().__init__()
        self._waiters = []  # type: ignore[assignment]


class SmallQueue(Generic[T]):
    """A queue in which few things wait, without a limit: what of asyncio.Queue is used most."""

    __slots__ = ("_filled", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[T] = []
        self._filled = SmallEvent()

    def put_nowait(self, one: T) -> None:
        self._waiting.append(one)
        self._filled.set()

    async def get(self) -> T:
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        return self._waiting.pop(0)

    def qsize(self) -> int:
        return len(self._waiting)

    def empty(self) -> bool:
        return not self._waiting
