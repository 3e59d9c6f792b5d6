"""Limits on the size and duration of a request's body: an ASGI layer around all others, since Django keeps a whole body before any view.

Without a Content-Length, too. A view that takes more says so with `takes_up_to`; it is given more for a person who is known from the
head of the request, before the body is read, and for strangers only where it says so, a few at a time, and fewer from one address.
"""

import asyncio
import codecs
import logging
import math
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import BadRequest
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from accounts.limits import network_of
from accounts.models import User
from lib import seldom
from portal.api.authentication import Bearer
from portal.large_bodies import MB as MB
from portal.large_bodies import takes_up_to as takes_up_to
from portal.middleware.readable_heads import readable
from portal.request_facts import address_of
from portal.views import errors

log = logging.getLogger(__name__)
LARGEST = 2 * MB  # bytes, of whoever comes
SECONDS = 60.0  # for a body of that size;
BYTES_A_SECOND = 50_000  # what is allowed to be larger may come at this rate
# After a refusal the rest is read and thrown away for a moment: who still sends when we hang up would not see the answer.
DRAINED_SECONDS, DRAINED = 2.0, 16 * MB
# At once, with bodies larger than LARGEST: each may take its whole time, and room on the disk.
MOST_STRANGERS, MOST_OF_ADDRESS, MOST_OF_PERSON = 8, 2, 4
REFUSED_STATUS = "minga.refused"  # in the scope: the status of the answer
ALLOWED = "minga.allowed"  # in the scope: how many bytes were allowed

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of a large body. name: the id of a known person, the network of a stranger, '' where that is unknown."""

    name: str
    is_known: bool


class BodyLimit:
    """The layer itself. Django makes the answer to a refused body: it has the page, the language, the log."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.places: dict[Body, Sender] = {}  # of the large bodies that are on their way

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        scope = readable(scope)
        body = Body(scope, receive, send, self.places)
        try:
            await self.app(scope, body.receive, body.send)
        finally:
            self.places.pop(body, None)


class Body:
    """The body of one request on its way in."""

    def __init__(self, scope: Message, receive: Receive, send: Send, places: "dict[Body, Sender]") -> None:
        self.scope, self._receive, self._send, self._places = scope, receive, send, places
        self.got, self.limit, self.is_raised, self.is_whole = 0, LARGEST, False, False
        self.begun = asyncio.get_running_loop().time()
        self.until = self.begun + SECONDS
        self._beyond = 413  # the status of the answer to a body that is too large

    async def receive(self) -> Message:
        if REFUSED_STATUS in self.scope:
            await asyncio.Event().wait()  # for ever: what still comes is `_drain`'s
        if self.is_whole:
            return await self._receive()  # the end of the connection
        if not self.got and await self._is_beyond(stated_length(self.scope)):
            return self._refuse(self._beyond)
        try:
            message = await asyncio.wait_for(self._receive(), self._until() - asyncio.get_running_loop().time())
        except TimeoutError:
            return self._refuse(408)
        self.got += len(message.get("body", b""))
        if await self._is_beyond(self.got):
            return self._refuse(self._beyond)
        self.is_whole = not message.get("more_body", False)
        return message

    async def _is_beyond(self, size: float) -> bool:
        """Say whether the size is beyond the limit. The person is looked up only when that matters."""
        if size > self.limit and not self.is_raised:
            self.is_raised = True
            limit, sender = await sync_to_async(limit_of, thread_sensitive=False)(self.scope)
            self._raise_to(limit, sender)
        return size > self.limit

    def _until(self) -> float:
        """Return when the body must have gone on. A stranger has only the time that what came already earns: the silent give their place up."""
        earned = self.begun + SECONDS + self.got / BYTES_A_SECOND
        sender = self._places.get(self)
        return self.until if sender is None or sender.is_known else min(self.until, earned)

    def _raise_to(self, limit: int, sender: Sender) -> None:
        if limit > LARGEST:
            if self._is_full(sender):
                self._beyond = 503
                return
            self._places[self] = sender
        self.limit = limit
        self.until += max(0, limit - LARGEST) / BYTES_A_SECOND

    def _is_full(self, sender: Sender) -> bool:
        """Say whether no place is left for this sender. An unknown network is no single one: a proxy may hide everybody behind it."""
        own = sum(each == sender for each in self._places.values())
        if sender.is_known:
            return own >= MOST_OF_PERSON
        strangers = sum(not each.is_known for each in self._places.values())
        return strangers >= MOST_STRANGERS or (sender.name != "" and own >= MOST_OF_ADDRESS)

    def _refuse(self, status: int) -> Message:
        """Leave an empty request of it, which the middleware below answers."""
        self.scope[REFUSED_STATUS], self.scope[ALLOWED] = status, self.limit
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: Message) -> None:
        if REFUSED_STATUS not in self.scope:
            return await self._send(message)
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), (b"connection", b"close")]}
        is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
        await self._send({**message, "more_body": True} if is_last else message)
        if is_last:
            await self._drain()
            await self._send({"type": "http.response.body", "body": b""})

    async def _drain(self) -> None:
        rest, until = DRAINED, asyncio.get_running_loop().time() + DRAINED_SECONDS
        while rest > 0:
            try:
                message = await asyncio.wait_for(self._receive(), until - asyncio.get_running_loop().time())
            except TimeoutError:
                return
            rest -= len(message.get("body", b"")) + 1
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return


def stated_length(scope: Message) -> float:
    """Return Content-Length. One that is no number is refused by the web server already; of an endless one nothing is read."""
    stated = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(stated) if stated.isdigit() and len(stated) < 19 else math.inf


def limit_of(scope: Message) -> tuple[int, Sender]:
    """Return how many bytes this request may send, more than usual where its view takes more, and who sends them."""
    request = ASGIRequest(scope, BytesIO())
    try:
        size, may, strangers = getattr(resolve(request.path_info).func, "takes_up_to", (LARGEST, _nobody, False))
        person = _person(request) if size > LARGEST else None
        if person is not None and may(person):
            return int(size), Sender(str(person.pk), is_known=True)
        return (int(size) if strangers else LARGEST), Sender(network_of(address_of(request)), is_known=False)
    except Resolver404:
        return LARGEST, Sender("", is_known=False)
    finally:
        connection.close()  # this thread's own: the body may take minutes


def _nobody(person: User) -> bool:
    return False


def _person(request: HttpRequest) -> User | None:
    """Find who asks by session or token, as the view will."""
    try:
        if known := Bearer().authenticate(Request(request)):
            return known[0]  # type: ignore[no-any-return]
    except APIException:
        return None
    SessionMiddleware(lambda request: HttpResponse()).process_request(request)
    user = get_user(request)
    return user if isinstance(user, User) and user.is_active else None


class Refused:
    """Middleware, after those that know the language and the person: the answer to a body that was cut off, or cannot be read."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        status = getattr(request, "scope", {}).get(REFUSED_STATUS)
        if status is None:
            _check_charset(request)
            response: HttpResponseBase = self.get_response(request)
            return response
        seldom.warning(log, f"body-{status}", "bodies of requests are refused with %s", status, memory=seldom.OWN)
        return errors.refused(request, status, getattr(request, "scope", {})[ALLOWED] // MB)


def _check_charset(request: HttpRequest) -> None:
    """Refuse a multipart form in another charset than UTF-8, as Django refuses other forms. It would be read by any codec, `hex` too."""
    if request.content_type == "multipart/form-data" and codecs.lookup(request.encoding or "utf-8").name != "utf-8":
        raise BadRequest("A form in another charset than UTF-8.")
