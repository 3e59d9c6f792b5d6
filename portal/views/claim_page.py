"""The page on which somebody uses a code: a link to it may carry the code, and shows it. Only a press uses it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import sign_up
from accounts.models import TransferCode, User
from lib.notes import Refusal
from nodes.subscriptions import giving
from portal.forms.subscription_forms import CodeForm
from portal.presenters.subscription_card import ShownSubscription
from portal.request_facts import address_of


@login_not_required
@require_http_methods(["GET", "POST"])
@never_cache
def claim(request: HttpRequest) -> HttpResponse:
    """Say what a code gives, and use it once that was read."""
    if not isinstance(request.user, User):
        return _door(request)
    code = request.GET.get("code", "")[:100]
    form = CodeForm(request.POST if request.method == "POST" else None, initial={"code": code})
    if request.method == "GET" or not form.is_valid():
        return _page(request, form, 400 if form.errors else 200)
    text, user = form.cleaned_data["code"], request.user
    try:
        found = giving.look_up(text=text, user=user, address=address_of(request))
        if "claim" in request.POST or found.claimed_at:
            return _claimed(request, giving.claim(text=text, user=user, address=address_of(request)), found)
    except Refusal as refusal:
        form.add_error("code", str(refusal))
        response = _page(request, form, refusal.status)
        if refusal.retry_after:
            response["Retry-After"] = str(refusal.retry_after)
        return response
    return _page(request, form, 200, found)


def _door(request: HttpRequest) -> HttpResponse:
    """Tell a visitor that they need an account, and lead them back here with the code."""
    back = reverse("subscription-claim")
    if request.method == "POST":  # their session ended meanwhile
        return redirect_to_login(back, reverse("account_login"))
    context = {"here": request.get_full_path(), "sign_up_is_open": sign_up.is_open()}
    return render(request, "subscriptions/door.html", context)


def _page(request: HttpRequest, form: CodeForm, status: int, found: TransferCode | None = None) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "found": found}
    if found and isinstance(request.user, User):
        source = ShownSubscription(found.subscription, timezone.now())
        context |= {"s": source, "is_own": giving.is_own(found, request.user)}
    return render(request, "subscriptions/claim.html", context, status=status)


def _claimed(request: HttpRequest, claimed: giving.Claimed, found: TransferCode) -> HttpResponse:
    if found.claimed_at:
        messages.info(request, _("You have used this code already: what it gave is yours."))
    elif claimed.is_own:
        messages.success(request, _("It was your own code. It works no longer, and its days are yours again."))
    else:
        messages.success(request, _("It is yours: your subscription runs from now on."))
    return redirect("donating")
