"""Middleware: people who have not accepted the terms of use are led to them first. The API's gate is portal.api.terms_permission."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from accounts.terms import versions
from portal.middleware.gate import lead_to

# The terms themselves, the page on which administrators write them, and the way out. What needs no sign-in is open anyway.
OPEN = frozenset({"terms", "terms-edit", "account_logout"})


class TermsFirst:
    """Middleware that leads whoever owes the terms to them. It stands behind LoginRequiredMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_arguments: Any) -> HttpResponse | None:
        if not getattr(view, "login_required", True) or not request.user.is_authenticated:
            return None
        name = request.resolver_match.url_name if request.resolver_match else ""
        if name in OPEN or not versions.owes(request.user):
            return None
        return lead_to(request, "terms")
