"""Signing in at an identity provider, and the accounts there that a person has linked to theirs."""

from typing import Any

import requests
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import limits
from accounts.models import OutsideAccount
from accounts.outside import linking
from accounts.outside.arrivals import Arrival
from lib.notes import Refusal
from portal.adapters import stay_signed_in
from portal.confirmation import confirmed_first
from portal.next_page import next_page
from portal.outside_adapter import PENDING, failed
from portal.presenters.navigation import home_of
from portal.presenters.outside_ways import label_of, providers
from portal.request_facts import address_of
from portal.signed_in import SignedIn

# What a provider can do to us besides its good answers.
TROUBLES = (requests.RequestException, OAuth2Error, KeyError, TypeError, ValueError, AttributeError)


@login_not_required
@require_GET
@never_cache
def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send the browser to the provider. What for is said by `process`."""
    provider, process = _provider(request, provider_id), process_of(request)
    if process == "login" and request.user.is_authenticated:
        return redirect(next_page(request, home_of(request.user), request.GET))
    limits.begin_elsewhere(address=address_of(request))
    once_more = {"prompt": "login", "max_age": "0"} if process == "confirm" else {}
    try:
        found: HttpResponse = provider.redirect(
            request,
            process=process,
            next_url=next_page(request, sent=request.GET),
            auth_params={**provider.get_auth_params(), "nonce": (nonce := get_random_string(32)), **once_more},
            nonce=nonce,
        )
    except TROUBLES as error:
        return failed(request, provider_id, error)
    return found


def process_of(request: HttpRequest) -> str:
    """Return what a sign-in elsewhere is for: `connect` to link an account there, `confirm` to show who one is; both of the signed-in."""
    asked = request.GET.get("process", "")
    return asked if asked in ("connect", "confirm") and request.user.is_authenticated else "login"


@login_not_required
@require_GET
@never_cache
def finish(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take the provider's answer: portal.outside_adapter decides what it means."""
    _provider(request, provider_id)
    try:
        view = OAuth2CallbackView.adapter_view(OpenIDConnectOAuth2Adapter(request, provider_id))
        found: HttpResponse = view(request)
    except TROUBLES as error:
        return failed(request, provider_id, error)
    return found


def _provider(request: HttpRequest, provider_id: str) -> Any:
    try:
        return get_adapter(request).get_provider(request, provider=provider_id)
    except SocialApp.DoesNotExist:
        raise Http404 from None


@require_GET
@never_cache
def accounts(request: SignedIn) -> HttpResponse:
    """List one's accounts elsewhere; ask whether to link the one that was just shown."""
    return _page(request)


def _page(request: SignedIn, error: str = "", status: int = 200) -> HttpResponse:
    rows = OutsideAccount.objects.filter(user=request.user).order_by("pk")[:20]
    linked = {row.way for row in rows}
    context = {
        "accounts": [(row, label_of(row.way)) for row in rows],
        "pending": _pending(request),
        "providers": [each for each in providers(request, process="connect") if each.way not in linked],
        "has_password": request.user.has_usable_password(),
        "error": error,
    }
    return render(request, "account/accounts_elsewhere.html", context, status=status)


def _pending(request: SignedIn) -> dict[str, str] | None:
    kept = request.session.get(PENDING)
    return {**kept, "label": label_of(kept["way"])} if kept else None


@sensitive_post_parameters("password")
@require_http_methods(["POST"])
@never_cache
def link(request: SignedIn) -> HttpResponse:
    """Link the account that was just shown, for whoever types the password of this site."""
    kept = request.session.get(PENDING)
    if kept is None:
        return redirect("accounts-elsewhere")
    if "no" in request.POST:
        del request.session[PENDING]
        return redirect("accounts-elsewhere")
    if not _knows_password(request):
        return _page(request, _("This is not your current password."), 400)
    try:
        linking.link_own(person=request.user, arrival=Arrival(**kept), address=address_of(request))
    except Refusal as refusal:
        return _page(request, str(refusal), refusal.status)
    del request.session[PENDING]
    messages.success(request, _("Linked. You can sign in with that account, too."))
    return redirect("accounts-elsewhere")


def _knows_password(request: SignedIn) -> bool:
    with limits.attempt(name=request.user.username, address=address_of(request)) as tried:
        is_right = request.user.check_password(request.POST.get("password", ""))
        if is_right:
            tried.succeeded()
            stay_signed_in(request, request.user)
    return is_right


@require_POST
@never_cache
@confirmed_first
def unlink(request: SignedIn, pk: int) -> HttpResponse:
    """Take one's own link away; not the last way in."""
    account = get_object_or_404(OutsideAccount, user=request.user, pk=pk)
    if not request.user.has_usable_password():
        return _page(request, _("This account is how you sign in. Ask an administrator to unlink it."), 409)
    linking.unlink(account=account, by=request.user, address=address_of(request))
    messages.success(request, _("You no longer sign in with that account."))
    return redirect("accounts-elsewhere")
