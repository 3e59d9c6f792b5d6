"""The web process makes a page in one thread, lets go of what it held, and keeps the thread for the next."""

import asyncio
import threading
import types
from collections.abc import AsyncIterator, Iterator
from inspect import iscoroutinefunction
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, path

from portal.asgi_handler import ASYNC, MOST_IDLE, Handler
from tests.waiting import PATIENCE

VISITORS = 30
seen: list[Any] = []


def where(request: HttpRequest) -> HttpResponse:
    seen.append(threading.get_ident())
    return HttpResponse("here")


def wait_for_all(request: HttpRequest) -> HttpResponse:
    barrier.wait(PATIENCE)
    return HttpResponse("all")


def parts(request: HttpRequest) -> StreamingHttpResponse:
    async def some() -> AsyncIterator[str]:
        yield "one"
        seen.append("two")
        yield "two"

    return StreamingHttpResponse(some())


def endless(request: HttpRequest) -> StreamingHttpResponse:
    async def some() -> AsyncIterator[str]:
        try:
            for _part in range(1000):
                await asyncio.sleep(0.001)
                yield "part"
        finally:
            seen.append("closed")

    return StreamingHttpResponse(some())


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("on purpose")


barrier = threading.Barrier(VISITORS)
urls = types.ModuleType("urls")
urls.urlpatterns = [  # type: ignore[attr-defined]
    path("where/", where),
    path("all/", wait_for_all),
    path("parts/", parts),
    path("endless/", endless),
    path("broken/", broken),
]


@pytest.fixture
def handler(settings: Any) -> Handler:
    settings.ROOT_URLCONF, settings.MIDDLEWARE = urls, []
    seen.clear()
    return Handler()


async def ask(handler: Handler, address: str, leaves_after: int = 10**9) -> tuple[int, bytes]:
    """Return the answer. As uvicorn does, `receive` says when the visitor has gone, and `send` says nothing of it."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": address,
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "http_version": "1.1",
    }
    sent: list[Any] = []

    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])
    has_gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        for message in asked:
            return message
        await has_gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        seen.append(message["type"])
        if len(sent) > leaves_after or not message.get("more_body", message["type"] == "http.response.start"):
            has_gone.set()

    await handler(scope, receive, send)
    return sent[0]["status"], b"".join(part.get("body", b"") for part in sent[1:])


def threads() -> set[int]:
    """Return the threads in which the view `where` ran."""
    return {each for each in seen if isinstance(each, int)}


async def test_the_next_request_has_the_same_thread(handler: Handler) -> None:
    assert [await ask(handler, "/where/") for _turn in range(3)] == [(200, b"here")] * 3
    assert len(threads()) == 1


async def test_no_page_is_made_in_the_loop_s_thread(handler: Handler) -> None:
    await ask(handler, "/where/")
    assert threads().isdisjoint({threading.get_ident()})


async def test_nobody_waits_for_anothers_thread(handler: Handler) -> None:
    """Views that wait for one another all answer."""
    answers = await asyncio.gather(*(ask(handler, "/all/") for _visitor in range(VISITORS)))
    assert answers == [(200, b"all")] * VISITORS


async def test_after_many_visitors_few_threads_are_kept(handler: Handler) -> None:
    await asyncio.gather(*(ask(handler, "/all/") for _visitor in range(VISITORS)))
    assert len(handler._idle) == MOST_IDLE


@pytest.mark.parametrize(
    ("address", "order"),
    [
        ("/where/", ["started", "finished", "http.response.start", "http.response.body"]),
        (
            "/parts/",
            [
                "started",
                "http.response.start",
                "http.response.body",
                "two",
                "http.response.body",
                "http.response.body",
                "finished",
            ],
        ),
    ],
)
async def test_what_it_held_is_let_go(handler: Handler, address: str, order: list[str]) -> None:
    """A page lets go before it is sent, which may take a slow visitor minutes; an answer in parts after the last of them."""
    request_started.connect(start := lambda **_facts: seen.append("started"))
    request_finished.connect(finish := lambda **_facts: seen.append("finished"))
    try:
        await ask(handler, address)
    finally:
        request_started.disconnect(start)
        request_finished.disconnect(finish)
    assert [each for each in seen if isinstance(each, str)] == order


async def test_nothing_is_made_for_a_visitor_who_has_gone(handler: Handler) -> None:
    """A download of a whole disk would be fetched to its end for nobody."""
    await ask(handler, "/endless/", leaves_after=3)
    assert seen.count("http.response.body") < 10
    assert seen[-1] == "closed"


async def test_a_fault_of_a_page_is_answered(handler: Handler) -> None:
    assert (await ask(handler, "/broken/"))[0] == 500


async def test_a_fault_of_a_page_costs_no_thread(handler: Handler) -> None:
    for _turn in range(2):
        await ask(handler, "/broken/")
    assert len(handler._idle) == 1


def test_each_view_that_is_a_coroutine_is_at_its_address() -> None:
    """Elsewhere it would hold a thread for as long as it waits."""
    assert {address for address, view in _views(get_resolver("portal.urls")) if iscoroutinefunction(view)} == {
        address for address, _view in _views(get_resolver("portal.urls")) if f"/{address}".startswith(ASYNC)
    }


def _views(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, Any]]:
    for each in resolver.url_patterns:
        address = before + str(each.pattern)
        if isinstance(each, URLPattern):
            yield address, each.callback
        else:
            yield from _views(each, address)
