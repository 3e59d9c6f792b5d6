"""Uploads: pieces go to a part file beside the target, which is renamed when it is complete.

What has arrived is the size of the part file, so an upload goes on after a cut, a reload and a restart of the portal. Its name has
the total size: uploads of files of other sizes never meet in one part.
"""

import asyncio
import contextlib
import hashlib
from collections import deque
from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import Any

from machines.guest_files import BLOCK, REQUESTS, old_parts
from machines.guest_files.file_faults import FileFault
from machines.guest_files.file_reading import closed, opened
from machines.guest_files.guest_paths import MOST_OF_NAME, for_new, inside, name_of, parent_of
from machines.guest_files.guest_sums import sum_of
from machines.guest_files.sftp_sessions import Facts, Session, facts_of

MOST_SIZE = 1 << 50  # bytes of a file: a petabyte; only so that numbers have an end


@dataclass(frozen=True, slots=True)
class Piece:
    """The bytes of a file that come: from `start` until before `end`, of `total`; none where all are there and the file only lacks its name."""

    start: int
    end: int
    total: int

    @property
    def is_last(self) -> bool:
        return self.end == self.total

    def check(self) -> None:
        is_empty_end = self.start == self.end == self.total
        if not (0 <= self.start <= self.end <= self.total <= MOST_SIZE and (is_empty_end or self.start < self.end)):
            raise FileFault("bad_range")


@dataclass(frozen=True, slots=True)
class Done:
    size: int
    sha256: str  # of what lies in the guest; '' where it takes too long to count


def part_of(target: bytes, total: int) -> bytes:
    """Return where the pieces of a file go."""
    name = name_of(target)
    part = b".%s.%d.minga-part" % (name, total)
    if len(part) > MOST_OF_NAME:
        part = b".%s.%d.minga-part" % (hashlib.sha256(name).hexdigest()[:32].encode(), total)
    return inside(parent_of(target), part)


async def received(session: Session, target: bytes, total: int) -> int:
    """Return how many bytes have arrived. Raises FileFault."""
    try:
        facts = await session.facts(part_of(target, total), follow=False)
    except FileFault as fault:
        if fault.code == "not_found":
            return 0
        raise
    return facts.size if facts.kind == "file" and await _is_ours(session, target, facts) else 0


async def _is_ours(session: Session, target: bytes, part: Facts) -> bool:
    """Say whether a part may be gone on with. Where other users of the guest may write, it may be one of theirs, or lead elsewhere."""
    if part.uid == (await session.facts(session.home)).uid:
        return True
    folder = await session.facts(parent_of(target))
    return folder.uid == part.uid and not folder.mode & 0o022


async def give_up(session: Session, target: bytes, total: int) -> None:
    """Delete what has arrived of an upload. A second time changes nothing. Raises FileFault."""
    part = part_of(target, total)
    if await session.is_there(part):
        await session.ask(part, session.client.remove(part))


async def put(session: Session, target: bytes, piece: Piece, body: AsyncIterable[bytes], *, replace: bool) -> int:
    """Write a piece. Return how many bytes have arrived by now. Raises FileFault, also where the body has more or fewer bytes.

    A body that ends early leaves what has come of it: the next piece goes on there.
    """
    piece.check()
    await _check_target(session, for_new(target), replace=replace)
    part = part_of(target, piece.total)
    here = await received(session, target, piece.total)
    if piece.start != here:
        raise FileFault("range", name_of(target), received=here)
    if piece.start == 0:
        await _check_room(session, target, piece.total)
    handle = await _opened(session, part, here)
    try:
        facts = facts_of(await session.ask(part, handle.stat()))
        if facts.size != here:  # it was changed for another one in this moment
            raise FileFault("range", name_of(target), received=here)
        done = await _write(_Writer(session, part, handle, piece.start), piece, body, target)
    finally:
        await closed(session, part, handle)
    if not here and done < piece.total:
        await old_parts.remove(session, parent_of(target), facts.modified)
    return done


async def _opened(session: Session, part: bytes, here: int) -> Any:
    """Open a part. A new one must not be there: a link that another user of the guest has put in its place leads to any file."""
    if here:
        return await session.ask(part, opened(session, part, "r+b"))
    if await session.is_there(part):
        await session.ask(part, session.client.remove(part))
    return await session.ask(part, opened(session, part, "xb"))


async def _write(writer: "_Writer", piece: Piece, body: AsyncIterable[bytes], target: bytes) -> int:
    try:
        async for data in body:
            if writer.offset + len(writer.rest) + len(data) > piece.end:
                raise FileFault("bad_range", name_of(target))
            await writer.take(data)
        await writer.finish()
    except FileFault as fault:
        await writer.fall_back()
        raise await _full_or(writer.session, target, fault) from None
    except BaseException:  # its sender has gone
        await writer.fall_back()
        raise
    if writer.offset != piece.end:
        raise FileFault("bad_range", name_of(target))
    return writer.offset


class _Writer:
    """Blocks of a piece on their way to the guest. `safe`: until there all has been written."""

    def __init__(self, session: Session, part: bytes, handle: Any, start: int) -> None:
        self.session, self.part, self.handle = session, part, handle
        self.offset = self.safe = start
        self.rest = bytearray()
        self.has_failed = False
        self.waiting: deque[asyncio.Task[int]] = deque()

    async def take(self, data: bytes) -> None:
        """Take data, and return when there is room for more."""
        view, start = memoryview(data), 0
        if self.rest:
            start = BLOCK - len(self.rest)
            self.rest += view[:start]
            if len(self.rest) < BLOCK:
                return
            await self._send(bytes(self.rest))
            self.rest.clear()
        while len(data) - start >= BLOCK:
            await self._send(bytes(view[start : start + BLOCK]))
            start += BLOCK
        self.rest += view[start:]

    async def finish(self) -> None:
        """Return when all has been written."""
        if self.rest:
            await self._send(bytes(self.rest))
            self.rest.clear()
        while self.waiting:
            await self._settle()

    async def _send(self, block: bytes) -> None:
        if len(self.waiting) >= REQUESTS:
            await self._settle()
        self.waiting.append(asyncio.ensure_future(self.handle.write(block, self.offset)))
        self.offset += len(block)

    async def _settle(self) -> None:
        first = self.waiting.popleft()
        try:
            self.safe += await self.session.ask(self.part, first)
        except FileFault:
            self.has_failed = True
            raise

    async def fall_back(self) -> None:
        """Wait for blocks on their way. Where one failed, cut the part off before it: a smaller one behind it may have had room."""
        on_their_way: Any = asyncio.gather(*self.waiting, return_exceptions=True)
        try:
            sizes = await self.session.ask(self.part, on_their_way)
        except FileFault:  # no answer
            return
        finally:
            self.waiting.clear()
        for size in sizes:
            self.has_failed = self.has_failed or isinstance(size, BaseException)
            self.safe += 0 if isinstance(size, BaseException) or self.has_failed else size
        if self.has_failed:
            with contextlib.suppress(FileFault):
                await self.session.ask(self.part, self.handle.truncate(self.safe))


async def finish(session: Session, target: bytes, total: int, *, replace: bool, sha256: str = "") -> Done:
    """Put a complete upload in its place. `sha256`: where known, what it must have; otherwise it is thrown away. Raises FileFault."""
    part = part_of(target, total)
    found = await sum_of(session, part)
    if sha256 and found and found != sha256:
        await give_up(session, target, total)
        raise FileFault("other_sum", name_of(target))
    await _check_target(session, target, replace=replace)
    await _into_place(session, part, target, replace=replace)
    return Done(total, found)


async def in_place(session: Session, target: bytes, total: int, sha256: str) -> Done | None:
    """Return what lies in the place of an upload where that is this upload, ended by an earlier request whose answer was lost."""
    try:
        facts = await session.facts(target, follow=False)
        is_like_it = facts.kind == "file" and facts.size == total and not await session.is_there(part_of(target, total))
        found = await sum_of(session, target) if is_like_it and sha256 else ""
    except FileFault as fault:
        if fault.code != "not_found":
            raise
        return None
    return Done(total, found) if found and found == sha256 else None


async def _into_place(session: Session, part: bytes, target: bytes, *, replace: bool) -> None:
    import asyncssh

    if not replace:
        try:
            return await session.ask(target, session.client.rename(part, target))
        except FileFault:
            if await session.is_there(target):  # since it was looked at
                raise FileFault("exists", name_of(target)) from None
            raise
    await _keep_mode(session, part, target)

    async def over() -> None:
        try:
            await session.client.posix_rename(part, target)
        except asyncssh.SFTPOpUnsupported:  # not OpenSSH
            with contextlib.suppress(asyncssh.SFTPNoSuchFile):
                await session.client.remove(target)
            await session.client.rename(part, target)

    await session.ask(target, over())


async def _keep_mode(session: Session, part: bytes, target: bytes) -> None:
    """Give the new file the rights of the one that it replaces, if that has the same owner: a script stays one that can be run."""
    with contextlib.suppress(FileFault):
        facts = await session.facts(target, follow=False)
        if facts.kind == "file" and facts.uid == (await session.facts(part, follow=False)).uid:
            await session.ask(part, session.client.chmod(part, facts.mode & 0o777))


async def _check_target(session: Session, target: bytes, *, replace: bool) -> None:
    try:
        facts = await session.facts(target, follow=False)
    except FileFault as fault:
        if fault.code != "not_found":
            raise
        if (await session.facts(parent_of(target))).kind != "folder":
            raise FileFault("not_a_folder", name_of(parent_of(target))) from None
        return
    if not replace or facts.kind not in ("file", "link"):
        raise FileFault("exists", name_of(target), can_replace=facts.kind in ("file", "link"))


async def _check_room(session: Session, target: bytes, total: int) -> None:
    room = await _room(session, target)
    if room is not None and room < total:
        raise FileFault("disk_full", name_of(target))


async def _full_or(session: Session, target: bytes, fault: FileFault) -> FileFault:
    """Return the fault as it is, or that the disk is full: of that OpenSSH says no more than "Failure"."""
    if fault.code != "failed":
        return fault
    room = await _room(session, target)
    return FileFault("disk_full", name_of(target)) if room is not None and room < BLOCK else fault


async def _room(session: Session, target: bytes) -> int | None:
    """Return how many bytes have room beside the target. None: the guest does not say."""
    with contextlib.suppress(FileFault):
        facts = await session.ask(target, session.client.statvfs(parent_of(target)))
        return int(facts.bavail * facts.frsize)
    return None
