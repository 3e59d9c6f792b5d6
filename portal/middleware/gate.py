"""Middleware: login required; pages for a bare 405 and for refusals that say when to try again."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME, middleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

from lib.notes import Refusal
from portal.views.errors import pause, wrong_method


class SeeOther(HttpResponseRedirect):
    """Go there with a GET, whatever this was."""

    status_code = 303


class LoginRequiredMiddleware(middleware.LoginRequiredMiddleware):
    """Django's, which also tells a page whose session has ended so: a live part must not show the sign-in form inside a card."""

    def handle_no_permission(self, request: HttpRequest, view_func: object) -> HttpResponse:  # type: ignore[override]
        if request.method in ("GET", "HEAD") and not request.headers.get("HX-Request"):
            return redirect_to_login(request.get_full_path(), resolve_url("account_login"))
        messages.info(request, _("Your session has ended. Sign in again; your machines did not notice."))
        login = f"{resolve_url('account_login')}?{urlencode({REDIRECT_FIELD_NAME: _page(request)})}"
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": login})
        return SeeOther(login)


def _page(request: HttpRequest) -> str:
    """Return the page on which the person is, not the address that their form or live part asks."""
    url = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    return urlsplit(url).path if url_has_allowed_host_and_scheme(url, {request.get_host()}) else "/"


class PageForWrongMethod:
    """A bare 405 of a view gets a page of our own; the Allow header stays."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponse = self.get_response(request)
        if response.status_code != 405 or response.streaming or response.content:
            return response
        return wrong_method(request, response.headers.get("Allow", ""))


class PageForPause:
    """A refusal that says when to try again (429, 503) gets a page of our own, whichever view raised it."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = self.get_response(request)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return pause(request, error) if isinstance(error, Refusal) and error.retry_after else None
