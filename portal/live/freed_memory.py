"""Memory that was freed, given back to the system: glibc keeps what lies between things in use, after a flood in each terminal a fifth of all."""

import asyncio
import ctypes
from collections.abc import Callable

SECONDS = 15.0  # between two times, each of which takes milliseconds
TRIM: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none


async def give_back(trim: Callable[[int], int] | None = TRIM) -> None:
    """Give it back again and again; return at once where the system's library cannot."""
    while trim:
        await asyncio.sleep(SECONDS)
        trim(0)
