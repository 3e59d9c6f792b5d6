"""A person's own subscription: its ledger, its codes, and giving days of it away."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Subscription
from lib.notes import Refusal
from nodes.subscriptions import giving
from nodes.subscriptions.plan_words import day_of
from portal import access
from portal.forms.subscription_forms import ShareForm
from portal.numbered_pages import page_of
from portal.once import once_per_form
from portal.presenters.ledger_lines import ledger_lines, shown_codes
from portal.presenters.subscription_card import ShownSubscription, less, with_parts
from portal.signed_in import SignedIn

CODES = 50  # are shown, the newest


@require_GET
@never_cache
def subscription(request: SignedIn, pk: int) -> HttpResponse:
    """Show a subscription: how it adds up, and to whom a part may go."""
    row = _found(request, pk)
    now, entries = timezone.now(), page_of(request, row.entries.order_by("-pk"))
    shown = ShownSubscription(row, now)
    context = {
        "s": shown, "page": entries, "lines": ledger_lines(entries, is_by_code=shown.computer is None),
        "codes": shown_codes(row.codes.order_by("-pk")[:CODES], now), "form": ShareForm(left=shown.days_left),
    }  # fmt: skip
    return render(request, "subscriptions/one.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def give(request: SignedIn, pk: int) -> HttpResponse:
    """Show in numbers what a gift means; a POST makes the code, which is shown once."""
    row = _found(request, pk)
    shown = ShownSubscription(row, timezone.now())
    if not shown.may_be_given:
        return _give_page(request, shown, None, 200 if request.method == "GET" else 409)
    sent = request.POST if request.method == "POST" else request.GET if "share" in request.GET else None
    form = ShareForm(sent, left=shown.days_left)
    if sent is None or not form.is_valid():
        return _give_page(request, shown, form, 200 if sent is None else 400)
    days = form.cleaned_data["days"]
    if request.method == "GET":
        return _give_page(request, shown, form, 200, days)
    try:
        given = giving.give(subscription=row, by=request.user, days=days)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _give_page(request, shown, form, refusal.status)
    address = request.build_absolute_uri(reverse("subscription-claim"))
    context = {"s": shown, "given": given, "address": address, "link": f"{address}?code={given.code}"}
    return render(request, "subscriptions/made.html", context)


def _give_page(
    request: SignedIn, shown: ShownSubscription, form: ShareForm | None, status: int, days: int | None = None
) -> HttpResponse:
    context: dict[str, Any] = {"s": shown, "form": form, "days": days}
    if days:
        row = shown.row
        context |= {"is_all": days == shown.days_left, "new_end": less(row, days), "ends_on": less(row, 0)}
        context["comes_back_on"] = day_of(timezone.now() + giving.LIFE)
    return render(request, "subscriptions/give.html", context, status=status)


@require_POST
@never_cache
@once_per_form
def withdraw(request: SignedIn, pk: int, code: int) -> HttpResponse:
    """Take a code back that nobody used."""
    row = get_object_or_404(_found(request, pk).codes, pk=code)
    try:
        giving.withdraw(code=row, by=request.user)
        messages.success(request, _("The code works no longer, and its days are yours again."))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect("subscription", pk)


def _found(request: SignedIn, pk: int) -> Subscription:
    """Return a subscription of this person. Raises PermissionDenied where they may only see it."""
    row: Subscription = get_object_or_404(with_parts(access.visible(request.user, Subscription)), pk=pk)
    if refusal := access.why_not(request.user, "give", row):
        raise PermissionDenied(str(refusal))
    return row
