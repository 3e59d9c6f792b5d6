"""However deep a loop runs below the server, its calls find room for their frames."""

import resource
from collections.abc import Callable

from django.http import HttpResponse
from django.test import RequestFactory

from portal.middleware.stack_room import StackRoom

LOOPS = 200
DEPTHS = 150  # more than one of Python's chunks has room for


def work() -> None:
    pass


def below(depth: int, do: Callable[[], None]) -> None:
    below(depth - 1, do) if depth else do()


def loop() -> None:
    for _turn in range(LOOPS):
        work()


def faults(do: Callable[[], None]) -> int:
    """Page faults of a call: each chunk that is taken anew costs one at least."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    do()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_no_loop_asks_the_system_for_room_at_each_turn() -> None:
    found: list[int] = []

    def answer(_request: object) -> HttpResponse:
        for depth in range(DEPTHS):
            found.append(faults(lambda: below(depth, loop)))  # noqa: B023 - called at once
        return HttpResponse()

    StackRoom(answer)(RequestFactory().get("/"))
    assert max(found) < LOOPS / 2
