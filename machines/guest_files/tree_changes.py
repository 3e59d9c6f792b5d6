"""New folders, renames and deletions in a guest."""

import asyncio
import contextlib

from machines.guest_files import REQUESTS
from machines.guest_files.file_faults import FileFault
from machines.guest_files.folder_lists import walk
from machines.guest_files.guest_paths import for_new, inside, name_of, parent_of
from machines.guest_files.sftp_sessions import Session

MOST_DELETED = 50_000  # files and folders at once; their names are kept meanwhile


async def new_folder(session: Session, path: bytes) -> None:
    """Make a folder. Raises FileFault."""
    for_new(path)
    await _check_free(session, path)
    await session.ask(path, session.client.mkdir(path))


async def rename(session: Session, path: bytes, to: bytes) -> None:
    """Rename or move; what is at the new path is never replaced. Raises FileFault."""
    _check_changeable(session, path)
    for_new(to)
    if to == path:
        return
    if to.startswith(path + b"/"):
        raise FileFault("not_here", name_of(to))
    await session.facts(path, follow=False)
    await _check_free(session, to)
    try:
        await session.ask(path, session.client.rename(path, to))
    except FileFault:
        await _check_free(session, to)  # taken since
        raise


async def delete(session: Session, path: bytes) -> int:
    """Delete a file, a link, or a folder with all in it; where links lead nothing happens. Return how many things went.

    Nothing is deleted of a folder that holds more than MOST_DELETED. Raises FileFault.
    """
    _check_changeable(session, path)
    if (await session.facts(path, follow=False)).kind != "folder":
        await session.ask(path, session.client.remove(path))
        return 1
    folders, others = await _all_below(session, path)
    for start in range(0, len(others), REQUESTS):
        some = others[start : start + REQUESTS]
        results = await asyncio.gather(
            *(session.ask(one, session.client.remove(one)) for one in some), return_exceptions=True
        )
        for fault in filter(None, results):
            raise fault
    for folder in reversed(folders):
        await session.ask(folder, session.client.rmdir(folder))
    return len(folders) + len(others)


async def _all_below(session: Session, path: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return all folders, the upper ones first, and all others."""
    folders, others = [path], list[bytes]()
    async with contextlib.aclosing(walk(session, path)) as those:
        async for found in those:
            if found.fault:
                code = "too_many" if found.fault == "too_deep" else found.fault
                raise FileFault(code, name_of(found.path), most=MOST_DELETED)
            (folders if found.facts.kind == "folder" else others).append(inside(path, found.path))
            if len(folders) + len(others) > MOST_DELETED:
                raise FileFault("too_many", name_of(path), most=MOST_DELETED)
    return folders, others


def _check_changeable(session: Session, path: bytes) -> None:
    """Refuse the root, the home and what the home lies in: a slip there would cost everything."""
    if path == b"/" or (session.home + b"/").startswith(path + b"/"):
        raise FileFault("not_here", name_of(path))


async def _check_free(session: Session, path: bytes) -> None:
    if await session.is_there(path):
        raise FileFault("exists", name_of(path))
    if (await session.facts(parent_of(path))).kind != "folder":
        raise FileFault("not_a_folder", name_of(parent_of(path)))
