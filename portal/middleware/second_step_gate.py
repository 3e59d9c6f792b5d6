"""Middleware: people who must have a second step (MFA_REQUIRED_FOR) and have none are led to its setup. API: portal.api.terms_permission."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.translation import gettext as _

from portal.middleware.gate import SeeOther
from portal.request_facts import owes_second_step

# The pages of the second step, what must be done before it, and the way out. What needs no sign-in is open anyway.
OPEN = frozenset(
    {
        "terms",
        "terms-edit",
        "account_logout",
        "account_reauthenticate",
        "account_confirm_elsewhere",
        "account_change_password",
        "account_set_password",
    }
)


class SecondStepFirst:
    """Middleware behind TermsFirst: the terms come first."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_arguments: Any) -> HttpResponse | None:
        if not getattr(view, "login_required", True) or not request.user.is_authenticated:
            return None
        name = (request.resolver_match.url_name if request.resolver_match else None) or ""
        if name in OPEN or name.startswith("mfa_") or not owes_second_step(request):
            return None
        url = resolve_url("mfa_index")
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": url})
        messages.warning(request, _("Set up a second step first: here it is asked of everybody with your role."))
        return SeeOther(url)
