"""Nothing that was made for somebody is kept by a browser, a proxy or the computer of a shared lab."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control


class NoStore:
    """Middleware after AuthenticationMiddleware. Whom a token names is known only when the view has been asked. Static files come before."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = self.get_response(request)
        # What says nothing may be kept too, by default, and holds a token of the form at least.
        if not response.has_header("Cache-Control") or _is_known(request):
            patch_cache_control(response, no_store=True, private=True)
        return response


def _is_known(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return user is not None and user.is_authenticated
