"""The watch over the rights of all who are connected: who has lost theirs is cut off within seconds, also where nobody can tell any more."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

CHECK_SECONDS = 1.5  # between two looks at everybody's rights
UNSURE_SECONDS = 4.5  # without such a look nobody's right is certain any more


async def watch(
    check: Callable[[], Awaitable[bool]], end_unsure: Callable[[], Any], *, sooner: asyncio.Event | None = None
) -> None:
    """Call `check` again and again, at once where `sooner` is set. It returns whether everybody's rights could be read.

    After UNSURE_SECONDS in which they could not, `end_unsure` is called.
    """
    loop, sooner = asyncio.get_running_loop(), sooner or asyncio.Event()
    known_at = loop.time()
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(CHECK_SECONDS):
                await sooner.wait()
        sooner.clear()
        if await check():
            known_at = loop.time()
        elif loop.time() - known_at > UNSURE_SECONDS:
            end_unsure()
