"""A guest's folder as a tar archive, made here from what SFTP gives. See docs/adr/0120.

Links are kept as links and never followed; devices, pipes and sockets, and what cannot be read, are left out. The archive ends with
a list of what is missing or not whole.
"""

import asyncio
import contextlib
import hashlib
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from typing import Any

from machines.guest_files import BLOCK, REQUESTS, tar_format
from machines.guest_files.file_faults import FileFault
from machines.guest_files.file_reading import blocks, whole
from machines.guest_files.folder_lists import Found, walk
from machines.guest_files.guest_paths import inside, name_of
from machines.guest_files.sftp_sessions import Facts, Session
from machines.guest_files.shown_names import written

SMALL = BLOCK // 2  # bytes of a file that is read ahead, while others are
MOST_LEFT_OUT = 1000  # named in the list
MOST_ZEROS = 64 * 1024 * 1024  # bytes; of a guest that announces more and has none we would send zeros for years
LEFT_OUT = b"MINGA-LEFT-OUT.txt"
WHY = {
    "other": "a device, pipe or socket",
    "too_deep": "too many folders in each other",
    "changed": "it changed while it was read",
    "shorter": "it became shorter while it was read, its end here is zeros",
    "longer": "it became longer while it was read, its end is missing",
    "no_permission": "no permission",
    "not_found": "it was gone when its turn came",
}
FATAL = ("cut", "no_answer")


@dataclass
class Packed:
    """The content of an archive so far. `sums`: the SHA-256 of each file, where that was wished."""

    files: int = 0
    size: int = 0  # bytes of files
    left_out: list[str] = field(default_factory=list)
    left_out_count: int = 0
    sums: dict[bytes, str] | None = None

    def leave_out(self, path: bytes, why: str) -> None:
        self.left_out_count += 1
        if len(self.left_out) < MOST_LEFT_OUT:
            self.left_out.append(f"{written(path)}: {WHY.get(why, why)}")


@dataclass
class _Item:
    """An entry whose turn comes. `work`: the content of a small file, or the target of a link, already asked for."""

    found: Found
    work: "asyncio.Task[bytes] | None" = None


async def packed(
    session: Session, folder: bytes, *, prefix: bytes = b"", into: Packed | None = None, most: int | None = None
) -> AsyncGenerator[bytes]:
    """Give the bytes of an archive. `prefix`: the folder in which all lies in there. `most`: bytes of files, beyond: too_big_to_move.

    Raises FileFault: not_a_folder, and in the middle a connection that is lost. What is left of the archive then has no end.
    """
    kept = Packed() if into is None else into
    root = await session.facts(folder)
    if root.kind != "folder":
        raise FileFault("not_a_folder", name_of(folder))
    if prefix:
        yield tar_format.head(prefix, root, 0)
    async with contextlib.aclosing(_ahead(session, folder)) as items:
        async for item in items:
            async with contextlib.aclosing(_entry(session, folder, prefix, item, kept)) as pieces:
                async for piece in pieces:
                    yield piece
            if most is not None and kept.size > most:
                raise FileFault("too_big_to_move", most=most // 10**9)
    if kept.left_out:
        yield _list_of(kept, prefix)
    yield tar_format.END


async def _ahead(session: Session, folder: bytes) -> AsyncGenerator[_Item]:
    """Name entries in their order; what is small is asked for while those before it are sent."""
    waiting: deque[_Item] = deque()
    async with contextlib.aclosing(walk(session, folder)) as those:
        try:
            async for found in those:
                waiting.append(_Item(found, _begun(session, folder, found)))
                while len(waiting) >= REQUESTS or (waiting and waiting[0].work is None):
                    yield waiting.popleft()
            while waiting:
                yield waiting.popleft()
        finally:
            tasks = [item.work for item in waiting if item.work]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _begun(session: Session, folder: bytes, found: Found) -> "asyncio.Task[bytes] | None":
    path = inside(folder, found.path)
    if found.fault:
        return None
    if found.facts.kind == "link":
        return asyncio.ensure_future(_target(session, path))
    if found.facts.kind == "file" and found.facts.size <= SMALL:
        return asyncio.ensure_future(_small(session, path, found.facts.size))
    return None


async def _small(session: Session, path: bytes, size: int) -> bytes:
    """Return a small file as it is now, and a byte more than fits where it has grown beyond BLOCK. Of an empty one is asked whether it still is."""
    if not size and not (await session.facts(path, follow=False)).size:
        return b""
    return await whole(session, path, BLOCK + 1)


async def _target(session: Session, path: bytes) -> bytes:
    return bytes(await session.ask(path, session.client.readlink(path)))


async def _entry(session: Session, folder: bytes, prefix: bytes, item: _Item, kept: Packed) -> AsyncGenerator[bytes]:
    found, name = item.found, inside(prefix, item.found.path)
    if found.fault or found.facts.kind == "other":
        kept.leave_out(found.path, found.fault or "other")
        return
    try:
        content = await item.work if item.work else b""
    except FileFault as fault:
        if fault.code in FATAL:
            raise
        kept.leave_out(found.path, fault.code)
        return
    if found.facts.kind != "file":
        yield tar_format.head(name, found.facts, 0, content)
    elif item.work:
        if len(content) > BLOCK:
            content = content[:BLOCK]
            kept.leave_out(found.path, "longer")
        _count(kept, found.path, len(content), hashlib.sha256(content).hexdigest())
        yield tar_format.head(name, found.facts, len(content)) + content + tar_format.filled(len(content))
    else:
        async with contextlib.aclosing(_large(session, folder, name, found, kept)) as pieces:
            async for piece in pieces:
                yield piece


async def _large(session: Session, folder: bytes, name: bytes, found: Found, kept: Packed) -> AsyncGenerator[bytes]:
    """Give a large file: with the size that was announced, though it may be another one by now. Raises FileFault where far too little is there."""
    size, given, digest = found.facts.size, 0, hashlib.sha256()
    async with contextlib.aclosing(blocks(session, inside(folder, found.path), size + 1)) as those:
        try:
            async for block in those:
                if not given:
                    yield tar_format.head(name, found.facts, size)
                if len(block) > size - given:
                    kept.leave_out(found.path, "longer")
                piece = block[: size - given]
                digest.update(piece)
                given += len(piece)
                yield piece
        except FileFault as fault:
            if fault.code in FATAL:
                raise
            if not given:
                kept.leave_out(found.path, fault.code)
                return
    if not given:
        kept.leave_out(found.path, "changed")
        return
    for piece in _lacking(found, size - given, kept):
        yield piece
    _count(kept, found.path, size, digest.hexdigest())
    yield tar_format.filled(size)


def _lacking(found: Found, size: int, kept: Packed) -> Iterator[bytes]:
    """Return what stands for the end of a file that has become shorter. Raises FileFault where too much of it is missing."""
    if size > MOST_ZEROS:
        raise FileFault("changed", name_of(found.path))
    if size:
        kept.leave_out(found.path, "shorter")
    return tar_format.zeros(size)


def _count(kept: Packed, path: bytes, size: int, sha256: str) -> None:
    kept.files += 1
    kept.size += size
    if kept.sums is not None:
        kept.sums[path] = sha256


def _list_of(kept: Packed, prefix: bytes) -> bytes:
    """Return an entry that names what is missing or not whole, in English, as programs' messages are."""
    lines = ["Minga left these out, or they are not whole:", *kept.left_out]
    if kept.left_out_count > len(kept.left_out):
        lines.append(f"and {kept.left_out_count - len(kept.left_out)} more")
    text = "\n".join(lines).encode() + b"\n"
    facts: Any = Facts("file", len(text), 0, 0o644)
    return tar_format.head(inside(prefix, LEFT_OUT), facts, len(text)) + text + tar_format.filled(len(text))
