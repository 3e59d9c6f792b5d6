"""Bytes of a guest's file in their order, with several blocks on their way and never more than these in memory."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any

from machines.guest_files import BLOCK, REQUESTS
from machines.guest_files.file_faults import FileFault
from machines.guest_files.guest_paths import name_of
from machines.guest_files.sftp_sessions import Facts, Session


async def file_facts(session: Session, path: bytes) -> Facts:
    """Return the facts of a file that can be read. Raises FileFault: a device or a pipe would answer for ever, or never."""
    facts = await session.facts(path)
    if facts.kind != "file":
        raise FileFault("not_a_file", name_of(path))
    return facts


async def blocks(session: Session, path: bytes, size: int) -> AsyncGenerator[bytes]:
    """Read the first `size` bytes of a file, fewer where it has become shorter. Raises FileFault.

    asyncssh's own reader gives blocks as they come: a guest that holds the first one back would fill our memory with the rest.
    """
    handle = await session.ask(path, opened(session, path, "rb"))
    waiting: deque[asyncio.Task[bytes]] = deque()
    offset = 0
    try:
        while waiting or offset < size:
            while len(waiting) < REQUESTS and offset < size:
                waiting.append(asyncio.ensure_future(_block(session, path, handle, offset, min(BLOCK, size - offset))))
                offset += BLOCK
            expected = waiting.popleft()
            block = await expected
            if block:
                yield block
            if len(block) < BLOCK:  # the end: of what was asked, or of the file
                return
    finally:
        await _dropped(waiting)
        await closed(session, path, handle)


async def _block(session: Session, path: bytes, handle: Any, offset: int, size: int) -> bytes:
    """Return a block, a shorter one at the end of the file."""
    block = b""
    while len(block) < size:
        more = bytes(await session.ask(path, handle.read(size - len(block), offset + len(block))))
        block += more
        if len(block) > size:
            raise FileFault("failed", name_of(path))
        if not more:
            break
    return block


async def whole(session: Session, path: bytes, most: int) -> bytes:
    """Read a small file at once, at most so many bytes of it. Raises FileFault."""
    handle = await session.ask(path, opened(session, path, "rb"))
    try:
        return await _block(session, path, handle, 0, most)
    finally:
        await closed(session, path, handle)


def opened(session: Session, path: bytes, mode: str) -> Any:
    """Return what opens a file. block_size=0: each read and write is one request, of a BLOCK, and we keep REQUESTS of them on their way."""
    return session.client.open(path, mode, encoding=None, block_size=0)


async def closed(session: Session, path: bytes, handle: Any) -> None:
    """Close a handle. Whoever reads or writes has their answers already; a guest that cannot close it is no news."""
    with contextlib.suppress(FileFault):
        await session.ask(path, handle.close())


async def _dropped(tasks: "deque[asyncio.Task[bytes]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
