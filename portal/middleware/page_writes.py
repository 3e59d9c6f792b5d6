"""Middleware: a limit on what a person changes by pages in a minute. A script with a browser's cookies must not fill the database."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from lib.minute_counts import MinuteCounts
from lib.notes import Note, Refusal
from lib.notes import two_forms as ngettext
from portal.views.errors import pause

MOST = 300  # in each web process; nobody presses five buttons a second
SAFE = ("GET", "HEAD", "OPTIONS")
WRITES = MinuteCounts()
_WAIT = ngettext(
    "Too much at once. Wait %(count)s second, then go on.", "Too much at once. Wait %(count)s seconds, then go on."
)


class TooManyWrites(Refusal):
    status = 429
    code = "throttled"

    def __init__(self, seconds: int) -> None:
        super().__init__(_WAIT[0])
        self.note, self.retry_after = Note(_WAIT[0], {"count": seconds}, _WAIT[1]), seconds


class PageWrites:
    """Stands behind the gate. Programs with a token have limits of their own (portal.api.throttle)."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        if request.method in SAFE or not request.user.is_authenticated:
            return None
        now = timezone.now()
        if WRITES.count(str(request.user.pk), now) <= MOST:
            return None
        return pause(request, TooManyWrites(60 - now.second))
