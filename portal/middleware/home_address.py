"""Pages are at the portal's own address only. What comes by another name of this computer is led there, without its cookies.

Machines' public ports may be on 127.0.0.1 (make run), and a browser sends the cookies of a host to all its ports. So no cookie is
taken from, or given to, a visitor who says 127.0.0.1 or [::1]. Programs with a token need none, and are answered there as ever.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import get_language_from_request, override
from django.utils.translation import gettext as _

from tunnels.site_names import bare

NUMBERS = ("127.0.0.1", "::1")
PROGRAMS = ("/api/v1/", "/api/schema/", "/agent/", "/static/")


class HomeAddress:
    """Middleware before whatever reads a cookie, and before the redirect to https."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_beside_home(request):
            return self._without_cookies(request) if request.path.startswith(PROGRAMS) else _redirect_home(request)
        if settings.SECURE_SSL_REDIRECT and request.path.startswith("/api/v1/") and not request.is_secure():
            return _only_https(request)
        response: HttpResponseBase = self.get_response(request)
        return response

    def _without_cookies(self, request: HttpRequest) -> HttpResponseBase:
        request.META.pop("HTTP_COOKIE", None)
        response: HttpResponseBase = self.get_response(request)
        response.cookies.clear()
        return response


def _named(request: HttpRequest) -> str:
    """Return the host and port as the visitor says them; not checked yet."""
    return str(request.META.get("HTTP_HOST") or request.META.get("SERVER_NAME", ""))


def is_beside_home(request: HttpRequest) -> bool:
    return bare(_named(request)) in NUMBERS and urlsplit(settings.PORTAL_URL).hostname not in NUMBERS


def _redirect_home(request: HttpRequest) -> HttpResponse:
    """Redirect, not for ever: another program may have this port tomorrow. A form is not passed on: it was made for another address."""
    home = _home(request)
    if request.method in ("GET", "HEAD"):
        return HttpResponseRedirect(home + request.get_full_path(), headers={"Cache-Control": "no-store"})
    with override(get_language_from_request(request)):
        words = _("The pages are at %(home)s. Open that, and fill in the form there: nothing has been done.")
        return HttpResponse(words % {"home": home}, status=421, content_type="text/plain; charset=utf-8")


def _home(request: HttpRequest) -> str:
    """Return PORTAL_URL; in a trial with the port that the visitor came to, which may be forwarded from elsewhere."""
    if urlsplit(settings.PORTAL_URL).hostname != "localhost":
        return str(settings.PORTAL_URL)
    port = _named(request).rpartition("]")[2].rpartition(":")[2]
    return f"{request.scheme}://localhost" + (f":{port}" if port.isdecimal() else "")


def _only_https(request: HttpRequest) -> HttpResponse:
    from portal.problems import MEDIA_TYPE, problem  # the API's framework is 11 MB, and live needs none of it

    with override(get_language_from_request(request)):
        words = _(
            "The API answers over https only. Use https:// and create a new token: others could read this one on its way."
        )
        return JsonResponse(problem(403, words, "https_required"), status=403, content_type=MEDIA_TYPE)
