"""Memory that was freed goes back to the system."""

import asyncio

import psutil
import pytest

from portal.live import freed_memory
from tests.waiting import happens

PIECE, PIECES = 20_000, 3_000  # bytes; below what glibc takes from the system piece by piece


async def test_what_lies_between_things_in_use_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freed_memory, "SECONDS", 0.01)
    pieces = [b"x" * PIECE for _ in range(PIECES)]
    kept = pieces[::50]
    del pieces
    before = psutil.Process().memory_info().rss
    giving = asyncio.create_task(freed_memory.give_back())
    await happens(lambda: psutil.Process().memory_info().rss < before - PIECE * PIECES / 2)
    giving.cancel()
    assert kept


async def test_a_library_that_cannot_is_left_alone() -> None:
    await freed_memory.give_back(None)
