"""A long download: whole, in parts, taken up again, and never more than some chunks in memory."""

import tracemalloc
from collections.abc import AsyncIterator, Iterator
from typing import cast

import pytest
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from accounts.models import User
from machines import disk_images
from portal import downloads, lasting_rights
from portal.downloads import Download, serve
from tests.factories import make_machine

pytestmark = pytest.mark.django_db  # a download lets go of it
DATA = bytes(range(256)) * 40  # 10,240 bytes


def whole(data: bytes = DATA, tag: str = "a-tag") -> Download:
    def read(start: int, end: int) -> Iterator[bytes]:
        yield from (data[at : min(at + 1000, end)] for at in range(start, end, 1000))

    return Download(len(data), tag, "disk.qcow2", read)


def ask(headers: dict[str, str] | None = None, method: str = "GET", of: Download | None = None) -> HttpResponseBase:
    return serve(RequestFactory().generic(method, "/", headers=headers or {}), of or whole())


async def bytes_of(answer: HttpResponseBase) -> bytes:
    chunks = cast("AsyncIterator[bytes]", cast("StreamingHttpResponse", answer).streaming_content)
    return b"".join([chunk async for chunk in chunks])


async def test_the_whole_with_all_that_a_reader_needs_to_come_back() -> None:
    answer = ask()
    assert (answer.status_code, answer["Content-Length"], answer["ETag"]) == (200, "10240", '"a-tag"')
    assert (answer["Accept-Ranges"], answer["Content-Encoding"]) == ("bytes", "identity")
    assert await bytes_of(answer) == DATA


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-", 0, 10240), ("bytes=5000-", 5000, 10240), ("bytes=5000-5099", 5000, 5100), ("bytes=10239-", 10239, 10240),
     ("bytes=-7", 10233, 10240), ("bytes=-99999", 0, 10240), ("bytes=10000-99999", 10000, 10240), ("bytes=0-0", 0, 1)],
)  # fmt: skip
async def test_a_part(asked: str, start: int, end: int) -> None:
    answer = ask({"Range": asked})
    assert (answer.status_code, answer["Content-Range"]) == (206, f"bytes {start}-{end - 1}/10240")
    assert answer["Content-Length"] == str(end - start)
    assert await bytes_of(answer) == DATA[start:end]


@pytest.mark.parametrize("asked", ["bytes=10240-", "bytes=99999-100000", "bytes=-0"])
def test_a_part_that_there_is_none_of(asked: str) -> None:
    answer = ask({"Range": asked})
    assert (answer.status_code, answer["Content-Range"]) == (416, "bytes */10240")


@pytest.mark.parametrize("asked", ["bytes=9-5", "bytes=0-1,5-6", "chunks=1-2", "bytes=a-b", "bytes=", "bytes=-", "x"])
async def test_what_is_not_understood_gets_the_whole(asked: str) -> None:
    answer = ask({"Range": asked})
    assert (answer.status_code, await bytes_of(answer)) == (200, DATA)


@pytest.mark.parametrize(("tag", "status"), [('"a-tag"', 206), ('"another"', 200), ('W/"a-tag"', 200)])
def test_a_beginning_of_something_else_is_not_gone_on_with(tag: str, status: int) -> None:
    assert ask({"Range": "bytes=5000-", "If-Range": tag}).status_code == status


async def test_a_resume_from_anywhere_gives_the_same_bytes() -> None:
    first = ask()
    chunks = cast("AsyncIterator[bytes]", cast("StreamingHttpResponse", first).streaming_content)
    had = b""
    async for chunk in chunks:
        had += chunk
        if len(had) > 4000:
            break
    rest = ask({"Range": f"bytes={len(had)}-", "If-Range": first["ETag"]})
    assert had + await bytes_of(rest) == DATA


def test_a_look_at_the_head_reads_nothing() -> None:
    def never(_start: int, _end: int) -> Iterator[bytes]:
        raise AssertionError("read")
        yield b""

    answer = ask(method="HEAD", of=Download(10, "t", "n", never))
    assert (answer.status_code, answer["Content-Length"]) == (200, "10")


def test_an_error_with_the_first_byte_comes_before_any_answer() -> None:
    def fails(_start: int, _end: int) -> Iterator[bytes]:
        raise OSError("gone")
        yield b""

    with pytest.raises(OSError, match="gone"):
        ask(of=Download(10, "t", "n", fails))


async def test_its_source_is_closed_when_the_reader_leaves() -> None:
    closed = []

    def read(_start: int, _end: int) -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 10
        finally:
            closed.append(True)

    answer = ask(of=Download(10**9, "t", "n", read))
    chunks = cast("AsyncIterator[bytes]", cast("StreamingHttpResponse", answer).streaming_content)
    await anext(chunks)
    answer.close()
    assert closed


async def test_a_big_one_costs_no_more_memory_than_some_chunks() -> None:
    size, chunk = 256 * 2**20, 256 * 1024

    def read(start: int, end: int) -> Iterator[bytes]:
        yield from (bytes(min(chunk, end - at)) for at in range(start, end, chunk))

    answer = ask(of=Download(size, "t", "n", read))
    chunks = cast("AsyncIterator[bytes]", cast("StreamingHttpResponse", answer).streaming_content)
    tracemalloc.start()
    seen = 0
    async for part in chunks:
        seen += len(part)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen == size
    assert peak < 8 * chunk


def test_the_rest_is_not_sent_to_whom_the_right_was_taken(
    student: User, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = make_machine(student)
    machine.copies.create(kind="download", state="ready", image_id="disk-1", size_bytes=len(DATA))
    monkeypatch.setattr(lasting_rights, "CHECK_SECONDS", 0.0)
    monkeypatch.setattr(disk_images, "read", lambda _image, start, end: whole().read(start, end))
    both = {who: downloads.disk_of(machine, by=who).read(0, len(DATA)) for who in (student, admin)}
    assert [len(next(chunks)) for chunks in both.values()] == [1000, 1000]
    User.objects.filter(pk=admin.pk).update(roles=["student"], is_superuser=False)
    assert len(b"".join(both[student])) == len(DATA) - 1000
    with pytest.raises(lasting_rights.RightEnded):
        next(both[admin])
