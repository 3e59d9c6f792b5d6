"""Django's ASGI handler, but each page is made in one thread in one go, unless its view is a coroutine.

Django's own handler goes to a thread for each signal, for the middleware, for the view and for the end, comes back to the loop in
between, and starts two threads for each request. That took longer than to make a small page.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.core.signals import request_started
from django.http import FileResponse
from django.urls import set_script_prefix

ASYNC = "/agent/"  # how the addresses begin whose views are coroutines
MOST_IDLE = 12  # threads that wait for the next request: as many as there are connections to the database


class Handler(ASGIHandler):
    """The handler of the web process."""

    def __init__(self) -> None:
        super().__init__()
        self._pages = BaseHandler()
        self._pages.load_middleware()
        self._idle: list[ThreadPoolExecutor] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, with a thread of its own for as long as it takes."""
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(max_workers=1, thread_name_prefix="request")
        try:
            async with ThreadSensitiveContext(executor=thread):
                await super().__call__(scope, receive, send)
        finally:
            if len(self._idle) < MOST_IDLE:
                self._idle.append(thread)
            else:
                thread.shutdown(wait=False)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Read the request, make the answer in the request's thread, and send it. Django itself does so for coroutines."""
        if scope["path"].startswith(ASYNC):
            await super().handle(scope, receive, send)
            return
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        response = await sync_to_async(self._answer)(scope, body)
        try:
            await (self._stream(response, receive, send) if response.streaming else self.send_response(response, send))
        finally:
            body.close()
            if response.streaming:
                await sync_to_async(response.close)()

    async def _stream(self, response: Any, receive: Any, send: Any) -> None:
        """Send an answer that comes in parts for as long as somebody reads it: uvicorn drops without a word what nobody receives."""
        tasks = [asyncio.create_task(self.send_response(response, send)), asyncio.create_task(_hangs_up(receive))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            [sent, _gone] = await asyncio.gather(*tasks, return_exceptions=True)
        if isinstance(sent, Exception):
            raise sent

    def _answer(self, scope: Any, body: Any) -> Any:
        """Make the answer. What it holds, as a connection to the database, is given back here, unless the answer comes in parts."""
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=type(self), scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = self._pages.get_response(request) if request is not None else refusal
        response._handler_class = type(self)
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        if not response.streaming:
            response.close()
        return response


async def _hangs_up(receive: Any) -> None:
    """Return when the visitor has gone, or has the whole answer."""
    while (await receive())["type"] != "http.disconnect":
        pass
