"""A home that was packed is put back, into the same machine or another one: see homes."""

import asyncio
import contextlib
import tarfile
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from typing import Any

from machines.guest_files import BLOCK, tar_format
from machines.guest_files.file_faults import FileFault
from machines.guest_files.file_reading import closed, opened
from machines.guest_files.guest_paths import MOST_BYTES, MOST_OF_NAME, inside, name_of
from machines.guest_files.part_files import part_of
from machines.guest_files.sftp_sessions import Session
from machines.guest_files.tar_folders import LEFT_OUT, SMALL

AT_ONCE = 8  # small files that are written at the same time
LONG = {tarfile.GNUTYPE_LONGNAME: "path", tarfile.GNUTYPE_LONGLINK: "target"}


@dataclass
class _Entry:
    kind: bytes
    path: bytes
    target: bytes
    info: tarfile.TarInfo


@dataclass
class _Return:
    """The work that is still to be done: folders get their rights and times, and links are made, when no more files come."""

    session: Session
    folders: list[_Entry] = field(default_factory=list)
    links: list[_Entry] = field(default_factory=list)
    writing: set[asyncio.Task[None]] = field(default_factory=set)
    files: int = 0


async def put_back(session: Session, archive: AsyncIterable[bytes]) -> int:
    """Write a packed home over the one of this machine: files of the same name are replaced, others stay. Return the number of files.

    Raises FileFault: odd_archive where it is not one of ours or has no end, disk_full. What was written by then stays.
    """
    work = _Return(session)
    try:
        async with contextlib.aclosing(_Bytes(archive)) as source:
            while (entry := await _next(source)) is not None:
                await _take(work, source, entry)
        await _settle(work, 0)
        await _end(work)
    finally:
        for task in work.writing:
            task.cancel()
        await asyncio.gather(*work.writing, return_exceptions=True)
    return work.files


class _Bytes:
    """The bytes of an archive, so many at a time."""

    def __init__(self, pieces: AsyncIterable[bytes]) -> None:
        self._pieces: Any = aiter(pieces)
        self._rest = bytearray()

    async def read(self, size: int) -> bytes:
        """Return exactly so many bytes. Raises FileFault at the end of the archive."""
        while len(self._rest) < size:
            try:
                self._rest += await anext(self._pieces)
            except StopAsyncIteration:
                raise FileFault("odd_archive") from None
        found = bytes(self._rest[:size])
        del self._rest[:size]
        return found

    async def aclose(self) -> None:
        if hasattr(self._pieces, "aclose"):
            await self._pieces.aclose()


async def _next(source: _Bytes) -> _Entry | None:
    """Return the next entry, None at the end. Raises FileFault."""
    long: dict[str, bytes] = {}
    while True:
        head = await source.read(tar_format.RECORD)
        if not any(head):
            return None
        try:
            info = tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
        except tarfile.TarError:
            raise FileFault("odd_archive") from None
        if info.type not in LONG:
            return _checked(info, long)
        if not 0 <= info.size <= 2 * MOST_BYTES:
            raise FileFault("odd_archive")
        text = await source.read(info.size + len(tar_format.filled(info.size)))
        long[LONG[info.type]] = text[: info.size].rstrip(b"\0")


def _checked(info: tarfile.TarInfo, long: dict[str, bytes]) -> _Entry:
    """Return the entry, if it stays within the home."""
    path = long.get("path", info.name.encode(errors="surrogateescape")).rstrip(b"/")
    names = path.split(b"/")
    is_odd = any(name in (b"", b".", b"..") or len(name) > MOST_OF_NAME for name in names) or len(path) > MOST_BYTES
    if is_odd or info.type not in tar_format.TYPES.values() or info.size < 0:
        raise FileFault("odd_archive")
    return _Entry(info.type, path, long.get("target", info.linkname.encode(errors="surrogateescape")), info)


async def _take(work: _Return, source: _Bytes, entry: _Entry) -> None:
    if entry.kind == tarfile.DIRTYPE:
        work.folders.append(entry)
        return await _folder(work.session, inside(work.session.home, entry.path))
    if entry.kind == tarfile.SYMTYPE:
        return work.links.append(entry)
    if entry.info.size > SMALL:
        return await _file(work, entry, _content(source, entry.info.size))
    content = [piece async for piece in _content(source, entry.info.size)]
    if entry.path != LEFT_OUT:
        await _settle(work, AT_ONCE - 1)
        work.writing.add(asyncio.create_task(_file(work, entry, _again(content))))


async def _settle(work: _Return, most: int) -> None:
    """Wait until at most so many files are being written. Raises what went wrong with one."""
    while len(work.writing) > most:
        done, work.writing = await asyncio.wait(work.writing, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


async def _content(source: _Bytes, size: int) -> Any:
    left = size
    while left:
        piece = await source.read(min(BLOCK, left))
        left -= len(piece)
        yield piece
    await source.read(len(tar_format.filled(size)))


async def _again(pieces: list[bytes]) -> Any:
    for piece in pieces:
        yield piece


async def _folder(session: Session, path: bytes) -> None:
    try:
        await session.ask(path, session.client.mkdir(path))
    except FileFault:
        if (await session.facts(path, follow=False)).kind != "folder":
            raise FileFault("exists", name_of(path)) from None


async def _file(work: _Return, entry: _Entry, content: Any) -> None:
    """Write a file beside its place and put it there, so that a link in its place is replaced and not followed."""
    import asyncssh

    session, path = work.session, inside(work.session.home, entry.path)
    part, offset = part_of(path, entry.info.size), 0
    handle = await session.ask(path, opened(session, part, "wb"))
    try:
        async for piece in content:
            await session.ask(path, handle.write(piece, offset))
            offset += len(piece)
        attrs = asyncssh.SFTPAttrs(
            permissions=entry.info.mode & 0o777, atime=int(entry.info.mtime), mtime=int(entry.info.mtime)
        )
        await session.ask(path, handle.setstat(attrs))
    finally:
        await closed(session, part, handle)
    await session.ask(path, session.client.posix_rename(part, path))
    work.files += 1


async def _end(work: _Return) -> None:
    import asyncssh

    session = work.session
    for entry in work.links:
        path = inside(session.home, entry.path)
        if await session.is_there(path):
            await session.ask(path, session.client.remove(path))
        await session.ask(path, session.client.symlink(entry.target, path))
    for entry in reversed(work.folders):
        path, at = inside(session.home, entry.path), int(entry.info.mtime)
        attrs = asyncssh.SFTPAttrs(permissions=entry.info.mode & 0o777, atime=at, mtime=at)
        await session.ask(path, session.client.setstat(path, attrs))
