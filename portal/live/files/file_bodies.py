"""Bodies of files: what is sent streams, at the pace of the slower side, and so does what comes."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime
from typing import Any

from django.utils.http import content_disposition_header

from machines.guest_files import part_files, tree_changes
from machines.guest_files.file_faults import FileFault
from machines.guest_files.file_reading import blocks, file_facts
from machines.guest_files.folder_lists import Entry, listing
from machines.guest_files.guest_paths import HOME, inside, name_of, parent_of, read
from machines.guest_files.part_files import Piece
from machines.guest_files.sftp_sessions import Facts, Session
from machines.guest_files.shown_names import shown, written
from machines.guest_files.tar_folders import packed
from portal.live.entry import Refused
from portal.live.files import file_door
from portal.live.files.file_answers import Answering
from portal.live.files.file_door import Asked
from portal.live.files.pace import Pace

MOST_PIECE = 8 * 1024 * 1024
BODY_SECONDS = 60.0  # the longest pause of who sends a body


def path_of(session: Session, one: Asked, name: str = "path") -> bytes:
    return read(one.query.get(name, b""), session.home)


# ---- what is read ----


async def look(session: Session, one: Asked, answer: Answering) -> bytes | None:
    """Answer a GET that takes a moment: a list, or how much of an upload has arrived. Return the path where it is another one. Raises FileFault."""
    if one.text("home") == "tar":
        return session.home
    path = path_of(session, one)
    if one.has("upload"):
        received = await part_files.received(session, path, one.number("size"))
        await answer.json(200, {"received": received})
    elif one.text("as") != "tar" and (await session.facts(path)).kind == "folder":
        await _send_list(session, path, answer)
    else:
        return path
    return None


async def send(session: Session, one: Asked, path: bytes, answer: Answering) -> None:
    """Answer any other GET: send a file, a folder or the home as tar. Raises FileFault."""
    do = _send_tar if "tar" in (one.text("home"), one.text("as")) else _send_file
    await do(session, path, answer)


async def _send_list(session: Session, path: bytes, answer: Answering) -> None:
    found = await listing(session, path)
    facts = {
        "path": written(path),
        "parent": written(parent_of(path)) if path != b"/" else None,
        "home": written(session.home),
        "entries": [_shown(path, entry) for entry in found.entries],
        "more": found.has_more,
    }
    await answer.json(200, facts)


def _shown(folder: bytes, entry: Entry) -> dict[str, Any]:
    facts: Facts = entry.facts
    modified = datetime.fromtimestamp(facts.modified, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    path = written(inside(folder, entry.name))
    return {"name": shown(entry.name), "path": path, "kind": facts.kind, "size": facts.size, "modified": modified}


async def _send_file(session: Session, path: bytes, answer: Answering) -> None:
    facts = await file_facts(session, path)
    left = facts.size
    async with contextlib.aclosing(blocks(session, path, facts.size)) as those:
        first = await anext(those, b"")  # so that one that cannot be read is refused with a sentence
        await answer.begin(
            200, *_attached(name_of(path), b"application/octet-stream"), (b"content-length", b"%d" % facts.size)
        )
        left -= len(first)
        await answer.go_on(first, more=left > 0)
        async for block in those:
            left -= len(block)
            await answer.go_on(block, more=left > 0)
    if left:
        raise FileFault("changed", name_of(path))


async def _send_tar(session: Session, path: bytes, answer: Answering) -> None:
    name = name_of(path) or b"files"
    async with contextlib.aclosing(packed(session, path, prefix=name)) as those:
        async for piece in _gathered(those):
            if not answer.has_begun:
                await answer.begin(200, *_attached(name + b".tar", b"application/x-tar"))
            await answer.go_on(piece)
    await answer.go_on(b"", more=False)


async def _gathered(those: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    """Put small pieces together: each one sent costs a call."""
    rest = bytearray()
    async for piece in those:
        rest += piece
        if len(rest) >= 65536:
            yield bytes(rest)
            rest.clear()
    if rest:
        yield bytes(rest)


def _attached(name: bytes, kind: bytes) -> list[tuple[bytes, bytes]]:
    header = content_disposition_header(True, shown(name)) or "attachment"
    return [(b"content-type", kind), (b"content-disposition", header.encode("latin-1"))]


# ---- what is written ----


class Body:
    """The body of a request, a part at a time."""

    def __init__(self, receive: Any) -> None:
        self._receive = receive

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give its bytes. Raises FileFault where they come too slowly, Refused where its sender has gone."""
        size, more, pace = 0, True, Pace(BODY_SECONDS)
        while more:
            try:
                message = await pace.wait(self._receive())
            except TimeoutError:
                raise FileFault("slow") from None
            if message["type"] != "http.request":
                raise Refused(499, "left")
            part, more = message.get("body", b""), message.get("more_body", False)
            pace.moved(len(part))
            size += len(part)
            if size > MOST_PIECE:
                raise FileFault("too_large", most=MOST_PIECE // 1024**2)
            if part:
                yield part


async def put(session: Session, one: Asked, piece: Piece, body: Body, answer: Answering) -> None:
    """Answer PUT: take a piece; with the last one the file gets its name. Raises FileFault."""
    path, replace, sha256 = path_of(session, one), one.has("replace"), file_door.sum_of(one)
    if piece.is_last and (done := await part_files.in_place(session, path, piece.total, sha256)):
        async for _part in body:  # browsers send a request again by themselves where its answer is lost
            pass
        return await _arrived(done, path, answer)
    received = await part_files.put(session, path, piece, body, replace=replace)
    if received < piece.total:
        return await answer.json(202, {"received": received})
    done = await part_files.finish(session, path, piece.total, replace=replace, sha256=sha256)
    await _arrived(done, path, answer)


async def _arrived(done: part_files.Done, path: bytes, answer: Answering) -> None:
    await answer.json(201, {"size": done.size, "sha256": done.sha256, "path": written(path)})


async def post(session: Session, one: Asked, answer: Answering) -> None:
    """Answer POST: a new folder, or another name. Raises FileFault."""
    path = path_of(session, one)
    if one.text("do") == "folder":
        await tree_changes.new_folder(session, path)
        return await answer.json(201, {"path": written(path)})
    if one.text("do") != "rename" or one.query.get("to", b"") in (b"", HOME):
        raise FileFault("bad_verb")
    to = path_of(session, one, "to")
    await tree_changes.rename(session, path, to)
    await answer.json(200, {"path": written(to)})


async def delete(session: Session, one: Asked, answer: Answering) -> None:
    """Answer DELETE: of a file, a link, a folder with all in it, or of what has arrived of an upload. Raises FileFault."""
    path = path_of(session, one)
    if one.has("upload"):
        await part_files.give_up(session, path, one.number("size"))
        return await answer.json(200, {"deleted": 1})
    await answer.json(200, {"deleted": await tree_changes.delete(session, path)})
