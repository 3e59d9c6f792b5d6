"""Whole homes: packed into an archive, put back into another machine, compared. Nobody's browser is needed.

A worker that moves a home: `check_movable`, `pack` with `sums`, `put_back` (home_return) on the other machine, `compare`.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import IO

from machines.guest_files.file_faults import FileFault
from machines.guest_files.folder_lists import walk
from machines.guest_files.guest_paths import inside
from machines.guest_files.guest_sums import read_back, sum_of
from machines.guest_files.sftp_sessions import Session
from machines.guest_files.tar_folders import Packed, packed

MOST_TO_MOVE = 5 * 10**9  # bytes of files. A download has no limit
SUMS_AT_ONCE = 8
READ_BACK = 10**6  # bytes: to read so much is quicker than to run a program in the guest


@dataclass(frozen=True, slots=True)
class Difference:
    """Files that another home lacks, and those whose content is another one there."""

    missing: list[bytes]
    changed: list[bytes]

    def __bool__(self) -> bool:
        return bool(self.missing or self.changed)


async def size_of(session: Session) -> int:
    """Return the bytes of all files of the home. Raises FileFault."""
    total = 0
    async with contextlib.aclosing(walk(session, session.home)) as those:
        async for found in those:
            total += found.facts.size if found.facts.kind == "file" else 0
    return total


async def check_movable(session: Session) -> int:
    """Return the size of the home. Raises FileFault: too_big_to_move."""
    size = await size_of(session)
    if size > MOST_TO_MOVE:
        raise FileFault("too_big_to_move", most=MOST_TO_MOVE // 10**9)
    return size


def pack(session: Session, *, into: Packed | None = None, most: int | None = None) -> AsyncGenerator[bytes]:
    """Give the home as the bytes of a tar archive. `into` says meanwhile what it holds; with `sums={}` it keeps checksums."""
    return packed(session, session.home, into=into, most=most)


async def pack_into(
    file: IO[bytes], session: Session, *, into: Packed | None = None, most: int | None = MOST_TO_MOVE
) -> Packed:
    """Write the home into a file, and return what it holds. Raises FileFault; the file is then not whole."""
    kept = Packed(sums={}) if into is None else into
    async with contextlib.aclosing(pack(session, into=kept, most=most)) as pieces:
        async for piece in pieces:
            await asyncio.to_thread(file.write, piece)
    return kept


async def compare(sums: dict[bytes, str], session: Session) -> Difference:
    """Compare the checksums of a home that was packed with the files of this one. Raises FileFault."""
    missing, changed = list[bytes](), list[bytes]()
    paths = sorted(sums)
    for start in range(0, len(paths), SUMS_AT_ONCE):
        some = paths[start : start + SUMS_AT_ONCE]
        for path, found in zip(some, await asyncio.gather(*(_sum(session, path) for path in some)), strict=True):
            if found is None:
                missing.append(path)
            elif found != sums[path]:
                changed.append(path)
    return Difference(missing, changed)


async def _sum(session: Session, path: bytes) -> str | None:
    """Return the SHA-256 of a file of the home; None where there is none that can be read."""
    path = inside(session.home, path)
    try:
        facts = await session.facts(path, follow=False)
        if facts.kind != "file":
            return None
        return await (read_back if facts.size <= READ_BACK else sum_of)(session, path)
    except FileFault as fault:
        if fault.code not in ("not_found", "not_a_file", "no_permission"):
            raise
    return None
