"""Middleware: pages give times in the time zone of whoever has signed in. The browser's stands in until they choose one."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import get_language

from accounts.models import User
from accounts.time_zones import zone_of
from portal.request_facts import browser_zone


class ReadersTimeZone:
    """Comes after the gate, so that a request that is refused there costs no query for its sender."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            response = self.get_response(request)
            _keep(request)
            return response
        finally:
            timezone.deactivate()  # the thread answers others next

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        if request.user.is_authenticated:
            timezone.activate(zone_of(request.user, browser_zone(request)))


def _keep(request: HttpRequest) -> None:
    """Keep the browser's zone and language with the account, for mails while its person has chosen none. Not after a GET, which writes nothing.

    To sign in is a POST: so they are known from the first page on. Programs tell no zone, and nothing is kept of theirs.
    """
    zone = browser_zone(request) if request.method == "POST" else ""
    if not (zone and request.user.is_authenticated):
        return
    told = {"browser_time_zone": zone, "browser_language": get_language() or ""}
    if any(getattr(request.user, name) != value for name, value in told.items()):
        User.objects.filter(pk=request.user.pk).update(**told)
