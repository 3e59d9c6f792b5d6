"""The queue before handshakes: nobody's turn is lost, and nobody's hung guests keep others out."""

import asyncio
import contextlib
from random import Random
from typing import Any

import pytest

from portal.live import handshakes
from portal.live.handshakes import Queue


class Crowd:
    """People at a queue, each with their turn until they are told to end it."""

    def __init__(self, at_once: int) -> None:
        self.queue = Queue(at_once)
        self.having: list[Any] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, person: Any) -> asyncio.Task[None]:
        self.tasks.append(asyncio.create_task(self._have(person)))
        await asyncio.sleep(0)
        return self.tasks[-1]

    async def _have(self, person: Any) -> None:
        async with self.queue.turn(person=person):
            self.having.append(person)
            await asyncio.Event().wait()

    async def go(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_one_person_leaves_turns_to_others() -> None:
    crowd = Crowd(8)
    for person in [*["many"] * 20, "another"]:
        await crowd.come(person)
    assert (crowd.having.count("many"), "another" in crowd.having) == (handshakes.MOST_OF_ONE, True)
    await crowd.go()


async def test_who_has_fewer_turns_comes_first() -> None:
    crowd = Crowd(2)
    for person in ("many", "many", "many", "another"):
        await crowd.come(person)
    crowd.tasks[0].cancel()
    await asyncio.wait(crowd.tasks[:1])
    await asyncio.sleep(0)
    assert crowd.having == ["many", "many", "another"]
    await crowd.go()


async def test_a_turn_that_takes_long_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handshakes, "SECONDS", 0.01)
    crowd = Crowd(1)
    for person in "ab":
        await crowd.come(person)
    await asyncio.sleep(0.05)
    assert crowd.having == ["a", "b"]
    await crowd.go()
    assert crowd.queue.free == 1


@pytest.mark.parametrize("seed", range(20))
async def test_no_turn_is_lost_whenever_somebody_leaves(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handshakes, "SECONDS", 0.0005)
    random, crowd = Random(seed), Crowd(3)
    for _n in range(60):
        await crowd.come(random.randrange(4))
        if random.random() < 0.7:
            random.choice(crowd.tasks).cancel()
        await asyncio.sleep(random.choice((0, 0, 0.001)))
    await crowd.go()
    assert (crowd.queue.free, len(crowd.queue.waiting), +crowd.queue._turns) == (3, 0, {})


async def test_places_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handshakes, "TELL_SECONDS", 0)
    queue, places = Queue(0), list[int]()
    tasks = [asyncio.create_task(_wait(queue, tell)) for tell in (None, places.append)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    await asyncio.wait(tasks[:1])
    await asyncio.sleep(0.01)
    tasks[1].cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await tasks[1]
    assert places == [1, 0]


async def _wait(queue: Queue, tell: Any) -> None:
    async with queue.turn(tell):
        pass
