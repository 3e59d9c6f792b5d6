"""A long download that can be taken up again (RFC 9110, section 14), sent a chunk at a time.

A chunk is fetched by a thread when the reader has taken the one before. So a slow line holds one chunk, no thread and no
connection of the database, however big the whole is.
"""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import close_old_connections, connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from accounts.models import User
from lib.names import ascii_name
from machines import disk_images
from machines.models import DiskImage, Machine
from portal import access
from portal.audited import note_use
from portal.lasting_rights import while_allowed

# Of their own: one may wait for half a minute while what it reads from is away, and web's other work must not wait behind it.
_THREADS = ThreadPoolExecutor(16, "download")
_ONE_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{1,18})?|-(\d{1,18}))\Z")


@dataclass(frozen=True, slots=True)
class Download:
    """A file that can be downloaded and never changes under this `tag`."""

    size: int
    tag: str  # without quotes
    name: str  # of the file: plain ASCII
    read: Callable[[int, int], Iterator[bytes]]  # from, to before; called once


def disk_of(machine: Machine, *, by: User) -> Download:
    """Return the prepared image of a machine's disk; that somebody else takes it is recorded. Raises disk_images.NotReady."""
    found = disk_images.ready(machine)
    note_use(machine, "download_disk", by=by)
    name = f"{ascii_name(machine.name) or 'machine'}-{found.ready_at or found.asked_at:%Y-%m-%d}.{found.disk_format or 'img'}"
    return Download(found.size_bytes, found.image_id, name, partial(_read, found, by, machine.pk))


def _read(found: DiskImage, by: User, machine: UUID, start: int, end: int) -> Iterator[bytes]:
    def may(who: User) -> bool:
        row = Machine.objects.filter(pk=machine).first()
        return row is not None and access.may(who, "download", row)

    return while_allowed(disk_images.read(found, start, end), by, may)


def serve(request: HttpRequest, download: Download) -> HttpResponseBase:
    """Answer with the whole file, or the range that was asked for. Raises what the first chunk raises: nothing has been sent by then."""
    headers = {"ETag": f'"{download.tag}"', "Accept-Ranges": "bytes", "Cache-Control": "private, no-transform"}
    wanted = _range(request, download)
    if wanted is None:
        return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{download.size}"})
    start, end = wanted
    headers |= {
        "Content-Length": str(end - start),
        "Content-Disposition": f'attachment; filename="{download.name}"',
        "Content-Encoding": "identity",  # or the middleware would pack it, and no byte were where it was
    }
    status = 200
    if _wants_range(request, download):
        status, headers["Content-Range"] = 206, f"bytes {start}-{end - 1}/{download.size}"
    kind = "application/octet-stream"
    if request.method == "HEAD" or start == end:
        return HttpResponse(status=status, headers=headers, content_type=kind)
    if not connection.in_atomic_block:  # the first chunk may take a while
        close_old_connections()
    chunks = _ChunkStream(download.read(start, end))
    return StreamingHttpResponse(chunks, status=status, headers=headers, content_type=kind)


def _range(request: HttpRequest, download: Download) -> tuple[int, int] | None:
    """Return what to send as (first byte, byte after the last); None where the file has no such range."""
    if not _wants_range(request, download):
        return 0, download.size
    first, last, tail = _range_header(request)
    if first is None:
        return (max(0, download.size - tail), download.size) if tail and download.size else None
    return (first, download.size if last is None else min(last + 1, download.size)) if first < download.size else None


def _wants_range(request: HttpRequest, download: Download) -> bool:
    """Say whether one range of this very file is asked for. Several ranges, and what is not understood, get the whole file."""
    if request.headers.get("If-Range", f'"{download.tag}"') != f'"{download.tag}"':
        return False
    first, last, tail = _range_header(request)
    return tail is not None or (first is not None and (last is None or last >= first))


def _range_header(request: HttpRequest) -> tuple[int | None, int | None, int | None]:
    """Read the first and the last byte asked for, or how many of the end."""
    found = _ONE_RANGE.match(request.headers.get("Range", ""))
    if found is None:
        return None, None, None
    first, last, tail = (None if text is None else int(text) for text in found.groups())
    return first, last, tail


class _ChunkStream:
    """An iterator that one thread uses after the other. Django closes it with its response, also when the reader leaves."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._lock = threading.Lock()
        self._first = self._take()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        # The thread of this request is done with the database; a download of an hour must not keep its connection.
        await sync_to_async(close_old_connections, thread_sensitive=True)()
        chunk, self._first = self._first, b""
        while chunk:
            yield chunk
            chunk = await asyncio.get_running_loop().run_in_executor(_THREADS, self._take)

    def close(self) -> None:
        """Close the source. Another thread may be reading it, which ends within the cloud's own time limit."""
        with self._lock:
            if close := getattr(self._chunks, "close", None):
                close()

    def _take(self) -> bytes:
        """Return the next chunk; b"" at the end."""
        with self._lock:
            return next(self._chunks, b"")
