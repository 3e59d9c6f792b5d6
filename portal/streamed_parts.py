"""Send an answer part by part."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections, connection

Part = TypeVar("Part", str, bytes)


async def streamed(parts: Iterator[Part], first: Part | None = None) -> AsyncIterator[Part]:
    """Yield the parts. Between two of them the reader's slow line holds no connection of the database."""
    if first:
        yield first
    while part := await sync_to_async(_take, thread_sensitive=True)(parts):
        yield part


def _take(parts: Iterator[Any]) -> Any:
    try:
        return next(parts, None)
    finally:
        if not connection.in_atomic_block:
            close_old_connections()
