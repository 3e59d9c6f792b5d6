"""Send an answer part by part."""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.db import close_old_connections, connection


async def streamed(parts: Iterator[str], first: str = "") -> AsyncIterator[str]:
    """Yield the parts. Between two of them the reader's slow line holds no connection of the database."""
    yield first
    while part := await sync_to_async(_take, thread_sensitive=True)(parts):
        yield part


def _take(parts: object) -> str:
    try:
        return next(parts, "")  # type: ignore[call-overload,no-any-return]
    finally:
        if not connection.in_atomic_block:
            close_old_connections()
