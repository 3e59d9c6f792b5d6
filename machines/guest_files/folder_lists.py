"""Lists of a guest's folders, as far as a page shows them; and a walk through all that lies below one."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Any

from machines.guest_files.file_faults import FileFault
from machines.guest_files.guest_paths import MOST_BYTES, MOST_OF_NAME, inside, name_of
from machines.guest_files.sftp_sessions import Facts, Session, facts_of

MOST_SHOWN = 2000
MOST_ODD = 1000  # names that no file can have, in a folder: a guest could give them for ever
DEEPEST = 200  # folders in each other: each keeps a handle open in the guest


@dataclass(frozen=True, slots=True)
class Entry:
    name: bytes
    facts: Facts


@dataclass(frozen=True, slots=True)
class Listing:
    """`has_more`: the folder has others, which were not read."""

    entries: list[Entry]
    has_more: bool


async def listing(session: Session, folder: bytes, most: int = MOST_SHOWN) -> Listing:
    """Return the first entries that the guest names, folders first, then by name. Raises FileFault."""
    found: list[Entry] = []
    has_more = False
    async with contextlib.aclosing(entries(session, folder)) as those:
        async for entry in those:
            has_more = len(found) == most
            if has_more:
                break
            found.append(entry)
    found.sort(key=lambda entry: (entry.facts.kind != "folder", entry.name.lower(), entry.name))
    return Listing(found, has_more)


async def entries(session: Session, folder: bytes) -> AsyncGenerator[Entry]:
    """Name what is in a folder, as the guest does. Names that no file can have are left out. Raises FileFault."""
    names: Any = session.client.scandir(folder)
    odd = 0
    try:
        while (name := await session.ask(folder, _next(names))) is not None:
            text = bytes(name.filename)
            if text not in (b"", b".", b"..") and len(text) <= MOST_OF_NAME and not {0, 47} & set(text):
                yield Entry(text, facts_of(name.attrs))
            elif (odd := odd + 1) > MOST_ODD:
                raise FileFault("no_answer", name_of(folder))
    except FileFault as fault:
        if fault.code in ("not_found", "failed") and (await session.facts(folder)).kind != "folder":
            raise FileFault("not_a_folder", name_of(folder)) from None
        raise
    finally:
        with contextlib.suppress(FileFault):
            await session.ask(folder, names.aclose())


async def _next(names: Any) -> Any:
    return await anext(names, None)


@dataclass(frozen=True, slots=True)
class Found:
    """A thing below a folder. `path` is relative to it. `fault`: the reason for which a folder could not be read."""

    path: bytes
    facts: Facts
    fault: str = ""


async def walk(session: Session, root: bytes) -> AsyncGenerator[Found]:
    """Name all that lies below a folder, each folder before its content. Links are never followed. Raises FileFault for the root."""
    opened: list[tuple[bytes, Any]] = [(b"", entries(session, root))]
    try:
        while opened:
            below, those = opened[-1]
            entry = await _next_of(those, is_root=not below)
            if isinstance(entry, str):
                yield Found(below, Facts("folder", 0, 0, 0), entry)
            if not isinstance(entry, Entry):
                await opened.pop()[1].aclose()
                continue
            path = inside(below, entry.name)
            if is_deep := len(opened) >= DEEPEST or len(root) + len(path) > MOST_BYTES - 2:
                yield Found(path, entry.facts, "too_deep" if entry.facts.kind == "folder" else "")
            else:
                yield Found(path, entry.facts)
            if entry.facts.kind == "folder" and not is_deep:
                opened.append((path, entries(session, inside(root, path))))
    finally:
        for _below, those in reversed(opened):
            await those.aclose()


async def _next_of(those: AsyncIterator[Entry], *, is_root: bool) -> Entry | str | None:
    """Return the next, None at the end, or the code of a fault. A lost connection, and a fault of the root, are raised."""
    try:
        return await anext(those, None)
    except FileFault as fault:
        if is_root or fault.code in ("cut", "no_answer"):
            raise
        return fault.code
