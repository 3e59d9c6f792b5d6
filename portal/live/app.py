"""The ASGI application of the live process.

/live/events, /live/terminal/, /live/files/, /live/console/ and /live/check/ are for browsers and programs, /live/dial for agents and
workers, /healthz and /metrics for probers.
"""

import asyncio
import logging
from time import monotonic
from typing import Any

from lib import logs, seldom
from portal.live import dials, ending, freed_memory, guest_connections, numbers, reading, redis_events, sockets, sse
from portal.live.admission import Admission
from portal.live.checks import check_http
from portal.live.consoles import console_sockets
from portal.live.consoles.console_sockets import Consoles
from portal.live.entry import Refused, request_of
from portal.live.files import file_door
from portal.live.files.file_requests import FileRequests
from portal.live.guest_connections import Guests
from portal.live.hub import Hub
from portal.live.refused_entries import note_refusal
from portal.live.terminals import terminal_door, use_reports
from portal.live.terminals.open_terminals import OpenTerminals
from portal.middleware.readable_heads import readable
from portal.middleware.scrapers import may_scrape
from portal.request_facts import request_id

log = logging.getLogger("portal.live")
EVENTS = "/live/events"
LONGEST_QUERY = 32_768  # bytes: a ticket, and two paths of 4,096 bytes, each written as %XX
MOST_PARTS = 20  # of a query
TWO_LENGTHS = {b"content-length", b"transfer-encoding"}


class Live:
    def __init__(self) -> None:
        self.hub = Hub()
        self.dials = dials.Dials(self.hub.counts)
        self.guests = Guests(self.dials)
        self.terminals = OpenTerminals(self.guests, self.hub.counts, self.hub.admission.wait)
        self.files = FileRequests(self.guests, self.hub.counts, Admission().wait)  # pieces do not delay events
        self.checks = check_http.Checks(self.hub, self.dials, self.hub.counts)
        self.consoles = Consoles(self.hub)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return await self._live(receive, send)
        scope = readable(scope)
        begun, name = monotonic(), request_id(request_of(scope))
        with logs.about(request=name):
            carry = self._http if scope["type"] == "http" else self._websocket
            end = await (self._refuse_head if _is_odd(scope) else carry)(scope, receive, send, name)
            if end:
                facts = {"path": logs.cut(scope["path"]), "seconds": round(monotonic() - begun, 1), "end": end}
                log.info("%(path)s ended after %(seconds)s s: %(end)s", facts, extra={"facts": facts})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()  # startup
        reading.start()
        guest_connections.start()
        works = (
            redis_events.follow(self.hub),
            self.hub.stay_alive(),
            self.hub.guard(),
            self.dials.guard(),
            self.terminals.sweep(),
            self.terminals.late.go_on(),
            use_reports.report(self.terminals),
            self.consoles.guard(),
            freed_memory.give_back(),
        )
        tasks = [asyncio.create_task(work) for work in works]
        await send({"type": "lifespan.startup.complete"})
        await receive()  # shutdown
        await ending.end(tasks, again_after=1)
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Any, receive: Any, send: Any, name: str) -> str:
        if scope["path"].startswith(file_door.PREFIX):
            return await self.files.serve(scope, receive, send, name)
        if scope["method"] == "GET" and (machine := check_http.found_in(scope["path"])):
            return await self.checks.serve(machine, scope, receive, send)
        if scope["path"] != EVENTS or scope["method"] != "GET":
            return await self._for_probers(scope, send)
        try:
            return await sse.serve(self.hub, scope, receive, send, name)
        except Exception as error:
            refused = self._refused(error)
        await _answer(send, refused.status, f"{refused.reason}\n".encode(), (b"x-request-id", name.encode()))
        return ""

    async def _websocket(self, scope: Any, receive: Any, send: Any, name: str) -> str:
        try:
            if scope["path"] == dials.PATH:
                return await self.dials.serve(scope, receive, send)
            if scope["path"].startswith(terminal_door.PREFIX):
                return await self.terminals.serve(scope, receive, send)
            if console := console_sockets.found_in(scope["path"]):
                return await self.consoles.serve(*console, scope, receive, send)
            if scope["path"] != EVENTS:
                raise Refused(404, "path")
            return await sockets.serve(self.hub, scope, receive, send)
        except Exception as error:
            self._refused(error)
        await send({"type": "websocket.close", "code": 1008})  # before it was accepted: the visitor reads 403
        return ""

    async def _refuse_head(self, scope: Any, receive: Any, send: Any, _name: str) -> str:
        note_refusal(self.hub.counts, 400, "head")
        if scope["type"] == "http":
            await _answer(send, 400, b"head\n", (b"connection", b"close"))
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        return ""

    def _refused(self, error: Exception) -> Refused:
        """Note a refusal, and return it. Of a fault of ours, or a database that is away, the visitor reads nothing but that."""
        if not isinstance(error, Refused):
            seldom.warning(log, "not opened", "a connection could not be opened: %r", error, memory=seldom.OWN)
            error = Refused(503, "error")
        note_refusal(self.hub.counts, error.status, error.reason)
        return error

    def _carried(self) -> numbers.Carried:
        terminals = self.terminals.terminals.values()
        viewed = sum(one.viewer is not None for one in terminals)
        waiting, files = len(self.guests.queue.waiting), self.files.transfers.running
        consoles, tails = len(self.consoles.viewers), len(self.consoles.tails.open)
        return numbers.Carried(len(self.dials.open), len(terminals), viewed, waiting, files, consoles, tails)

    async def _for_probers(self, scope: Any, send: Any) -> str:
        if scope["path"] == "/healthz":
            await _answer(send, 200, b"ok\n")
        elif scope["path"] == "/metrics" and may_scrape(request := request_of(scope)):
            body, media_type = numbers.rendered(self.hub, self._carried(), request.headers.get("Accept", ""))
            await _answer(send, 200, body, (b"content-type", media_type.encode()))
        else:
            await _answer(send, 401 if scope["path"] == "/metrics" else 404, b"not here\n")
        return ""


def _is_odd(scope: Any) -> bool:
    """Say whether no page or program of ours sends such a head.

    A query is parsed several times, and before it is known who comes. Where both headers say how long a body is, a proxy may see
    the next request elsewhere than we do.
    """
    query, names = scope["query_string"], {name for name, _value in scope["headers"]}
    return len(query) > LONGEST_QUERY or query.count(b"&") >= MOST_PARTS or names >= TWO_LENGTHS


async def _answer(send: Any, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    kind = [] if any(name == b"content-type" for name, _value in headers) else [(b"content-type", b"text/plain")]
    all_headers = [*headers, *kind, (b"cache-control", b"no-store"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": body})
