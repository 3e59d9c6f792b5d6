"""Middleware: login required; pages for a bare 405 and for refusals that say when to try again."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME, SESSION_KEY, middleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

from accounts.models import User
from lib.notes import Refusal
from portal.adapters import AccountAdapter
from portal.views.errors import pause, wrong_method


class SeeOther(HttpResponseRedirect):
    """A redirect that the browser follows with a GET, whatever the request was."""

    status_code = 303


class LoginRequiredMiddleware(middleware.LoginRequiredMiddleware):
    """Django's middleware, which also tells an open page that its session has ended: a live part must not show the sign-in form in a card."""

    def handle_no_permission(self, request: HttpRequest, view_func: object) -> HttpResponse:  # type: ignore[override]
        is_closed = _ends_closed_session(request)
        if is_page(request):
            if request.get_full_path() == "/":  # nobody asked for this page: the sign-in leads each to their own
                return HttpResponseRedirect(resolve_url("account_login"))
            return redirect_to_login(request.get_full_path(), resolve_url("account_login"))
        if not is_closed:
            messages.info(request, _("Your session has ended. Sign in again; your machines are not affected."))
        return lead_to(request, "account_login")


def _ends_closed_session(request: HttpRequest) -> bool:
    """End a session whose person was blocked or removed meanwhile, and say so once. Return whether it was such a session."""
    person = request.session.get(SESSION_KEY)
    if person is None or not User.objects.filter(pk=person, is_active=False).exists():
        return False
    request.session.flush()
    messages.error(request, AccountAdapter.error_messages["account_inactive"])
    return True


def is_page(request: HttpRequest) -> bool:
    """Return whether a whole page is asked for: not a part of one, nor by a form."""
    return request.method in ("GET", "HEAD") and not request.headers.get("HX-Request")


def lead_to(request: HttpRequest, name: str) -> HttpResponse:
    """Lead to the page of this name, and from there back to where the person is; from a part of a page, too."""
    there = request.get_full_path() if is_page(request) else page_of(request)
    url = f"{resolve_url(name)}?{urlencode({REDIRECT_FIELD_NAME: there})}"
    is_part = bool(request.headers.get("HX-Request"))
    return HttpResponse(status=204, headers={"HX-Redirect": url}) if is_part else SeeOther(url)


def page_of(request: HttpRequest) -> str:
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
