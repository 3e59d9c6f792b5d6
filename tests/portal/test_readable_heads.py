"""A Content-Type that Django cannot read costs nobody an answer, and the log no trace."""

import asyncio
from typing import Any

import pytest

from portal.asgi import application
from portal.live.app import Live
from portal.middleware.readable_heads import readable

STRANGE = [
    b"text/plain; a*=none''x",
    b"multipart/form-data; boundary*=idna''x",
    b"a/b; c*=undefined''x",
    b"text/plain; charset*=utf-8''a%00b",
    b"text/plain; charset*=utf-7''+2AA-",
]


def scope_of(path: str, kind: bytes) -> dict[str, Any]:
    headers = [(b"host", b"testserver"), (b"content-type", kind)]
    return {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers,
        "http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip


async def status(app: Any, path: str, kind: bytes) -> int:
    sent: list[Any] = []
    coming = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        return coming.pop() if coming else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope_of(path, kind), receive, send)
    return int(sent[0]["status"])


@pytest.mark.parametrize("kind", STRANGE)
async def test_web_answers(kind: bytes) -> None:
    assert await status(application, "/healthz", kind) == 200


@pytest.mark.parametrize("kind", STRANGE)
async def test_live_answers(kind: bytes) -> None:
    assert await status(Live(), "/healthz", kind) == 200


@pytest.mark.parametrize("kind", [b"", b"application/json", b"a/b; charset=hex", b"a/b; c*=utf-8''%C3%B1"])
def test_what_can_be_read_stays(kind: bytes) -> None:
    scope = scope_of("/", kind)
    assert readable(scope) is scope
