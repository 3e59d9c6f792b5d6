"""Middleware: pages give times in the time zone of whoever has signed in. The browser's stands in until they choose one."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts.models import User
from accounts.time_zones import is_offered, zone_of


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
            timezone.activate(zone_of(request.user, _of_browser(request)))


def _keep(request: HttpRequest) -> None:
    """Keep the browser's zone with an account that has none, so that mails have it, too. Not after a GET, which writes nothing.

    To sign in is a POST: so it is known from the first page on.
    """
    zone = _of_browser(request) if request.method == "POST" else ""
    if zone and request.user.is_authenticated and not request.user.time_zone:
        User.objects.filter(pk=request.user.pk, time_zone="").update(time_zone=zone)


def _of_browser(request: HttpRequest) -> str:
    """Return the zone that static/js/zone.js wrote into a cookie; '' where there is none, or one that nobody could choose."""
    name = request.COOKIES.get(settings.ZONE_COOKIE_NAME, "")
    return name if is_offered(name) else ""
