"""The addresses that programs ask all day long: /healthz, /readyz, /metrics. Answered before any other middleware.

A prober knows a process by its address, which is no allowed host; it has no session, and must not wait for one to be looked up.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from portal.middleware.scrapers import may_scrape
from portal.ops import health, latency, metrics

log = logging.getLogger(__name__)


class Probes:
    """Comes right after the request's id."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        view = VIEWS.get(request.path)
        if view is None:
            answered: HttpResponseBase = self.get_response(request)
            return answered
        if request.method not in ("GET", "HEAD"):
            return _text("GET only\n", 405, Allow="GET, HEAD")
        answer = view(request)
        answer["Cache-Control"] = "no-store"
        return answer


def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process lives and can answer. Asks nobody."""
    return _text("ok\n")


def readyz(request: HttpRequest) -> HttpResponse:
    try:
        state, parts = health.readiness()
    except Exception:  # a mistake of ours is an answer, too: not ready
        log.exception("the readiness could not be found out")
        state, parts = health.FAILED, {}
    if state != health.FAILED:
        latency.PROCESS.hand_in()
    answer = {"state": state, "parts": {name: part.as_json() for name, part in parts.items()}}
    return JsonResponse(answer, status=503 if state == health.FAILED else 200)


def numbers(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics, for those who may see them."""
    if not may_scrape(request):
        sentence = "Send METRICS_TOKEN as a bearer token, or ask from an address in METRICS_ALLOW without a proxy.\n"
        return _text(sentence, 401, **{"WWW-Authenticate": "Bearer"})
    latency.PROCESS.hand_in()
    body, media_type = metrics.rendered(request.headers.get("Accept", ""))
    return HttpResponse(body, content_type=media_type)


VIEWS: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": numbers,
}


def _text(words: str, status: int = 200, **headers: str) -> HttpResponse:
    return HttpResponse(words, status=status, headers=headers, content_type="text/plain; charset=utf-8")
