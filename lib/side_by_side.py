"""Coroutines that run side by side until the first of them ends."""

import asyncio
from collections.abc import Awaitable
from typing import Any


async def until_first(*works: Awaitable[Any]) -> list[asyncio.Future[Any]]:
    """Run these until one ends; then cancel the others, and wait until they have ended, too. Return what ended first, in the order given.

    What ended first has a result or an exception, which the caller reads. Tasks may be given as well: they are cancelled like the others.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return [task for task in tasks if task in done]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
