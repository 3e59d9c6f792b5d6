"""Every request has an id: in each log line, in the answer's X-Request-ID, on the page that says that we broke."""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from lib import logs
from portal.ops import latency
from portal.request_facts import request_id

log = logging.getLogger("portal.requests")  # portal.access is the module of who may
# Asked all day long by programs: logged only when refused.
CALM = ("/static/", "/healthz", "/readyz", "/metrics", "/agent/")


class RequestId:
    """Must be the outermost but for StackRoom: what the others log, and what they answer themselves, has the id as well."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = perf_counter()
        name = request_id(request)
        with logs.about(request=name):
            response: HttpResponseBase = self.get_response(request)
            response["X-Request-ID"] = name
            seconds = perf_counter() - began
            _note(request, response.status_code, seconds)
            latency.note(request, response.status_code, seconds)
        return response


def _note(request: HttpRequest, status: int, seconds: float) -> None:
    """Write the access line. No query and no address of the visitor: those are the business of the proxy, under the same id."""
    if status < 400 and request.path.startswith(CALM):
        return
    method, path = logs.cut(str(request.method)), logs.cut(request.path)
    facts = {"method": method, "path": path, "status": status, "ms": round(seconds * 1000)}
    with logs.about(machine=_machine(request)):
        log.info("%(method)s %(path)s %(status)s in %(ms)s ms", facts, extra={"facts": facts})


def _machine(request: HttpRequest) -> str:
    match = request.resolver_match
    return str(match.kwargs["pk"]) if match and "machines/<uuid:pk>/" in match.route else ""
