"""Events for browsers: one answer that goes on (text/event-stream)."""

from typing import Any
from urllib.parse import parse_qs

from portal.live.entry import Entry, check, enter, request_of
from portal.live.hub import Hub
from portal.live.reading import read
from portal.live.stream import UNREAD, Message, Stream

LARGEST_BODY = 65536  # bytes; nobody sends any
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),  # no-transform: a proxy that compresses would keep events back
    (b"x-accel-buffering", b"no"),  # nginx
    (b"connection", b"close"),
]


async def serve(hub: Hub, scope: Any, receive: Any, send: Any, request_id: str) -> str:
    """Answer for as long as the browser stays and may. Return why it ended. Raises Refused before anything was sent."""
    check(scope)
    await hub.take_turn(scope, receive)
    entry: Entry = await read(enter, scope)
    is_begun = False

    async def deliver(messages: list[Message], why: str) -> None:
        nonlocal is_begun
        if not is_begun:
            is_begun = True
            await send({"type": "http.response.start", "status": 200, "headers": _headers(scope, request_id)})
        text = "".join(_written(message) for message in messages)
        await send({"type": "http.response.body", "body": text.encode(), "more_body": not why})

    stream = await hub.open(entry, deliver, last_seen(scope))
    try:
        await _until_left(stream, receive)
    finally:
        if not stream.ended and scope.get("state", {}).get(UNREAD):
            stream.ended = UNREAD
        hub.close(stream)
    return stream.ended or "left"


def _headers(scope: Any, request_id: str) -> list[tuple[bytes, bytes]]:
    return [*HEADERS, (b"x-request-id", request_id.encode()), *for_origin(scope)]


def for_origin(scope: Any) -> list[tuple[bytes, bytes]]:
    """Let the page read it, where this process has an address of its own (make run). Its origin has been checked."""
    origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
    if origin is None:
        return []
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"origin"),
    ]


def last_seen(scope: Any) -> str:
    """Return the id of the last event that the browser has: it says so itself, or our script does when it reopens the stream."""
    given = request_of(scope).headers.get("Last-Event-ID", "")
    asked = parse_qs(scope["query_string"].decode("latin-1")).get("last", [""])
    return (given or asked[0])[:64]


def _written(message: Message) -> str:
    head = f"id: {message.id}\n" if message.id else ""
    return f"{head}event: {message.name}\ndata: {message.data}\n\n"


async def _until_left(stream: Stream, receive: Any) -> None:
    """Wait until the browser hangs up, or the answer is complete."""
    got = 0
    while (message := await receive())["type"] != "http.disconnect":
        got += len(message.get("body", b""))
        if got > LARGEST_BODY:
            stream.end("flood")
