"""A subscription, for administrators: its ledger, more days, a correction.

The rule is that of plans: a subscription itself is also its holder's, but these pages are not.
"""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Subscription
from lib.notes import Refusal
from nodes.models import Plan
from nodes.subscriptions import days
from portal import access
from portal.access import only
from portal.forms.subscription_forms import CorrectForm, RenewForm
from portal.numbered_pages import page_of
from portal.once import once_per_form
from portal.presenters.ledger_lines import ledger_lines, shown_codes
from portal.presenters.subscription_card import ShownSubscription, with_parts
from portal.signed_in import SignedIn

CODES = 50  # are shown, the newest


@only("change", Plan)
@require_GET
@never_cache
def subscription(request: SignedIn, pk: int) -> HttpResponse:
    return _page(request, _found(request, pk))


@only("change", Plan)
@require_POST
@never_cache
@once_per_form
def renew(request: SignedIn, pk: int) -> HttpResponse:
    """Add days."""
    row, form = _found(request, pk), RenewForm(request.POST)
    if not form.is_valid():
        return _page(request, row, 400, renew_form=form)
    try:
        days.renew(subscription=row, by=request.user, **form.cleaned_data)
    except Refusal as refusal:
        _at_its_field(form, refusal)
        return _page(request, row, refusal.status, renew_form=form)
    messages.success(request, _("Renewed. Its quota lasts as long."))
    return redirect("subscription-manage", pk)


@only("change", Plan)
@require_POST
@never_cache
@once_per_form
def correct(request: SignedIn, pk: int) -> HttpResponse:
    """Add or take days, with the reason."""
    row, form = _found(request, pk), CorrectForm(request.POST, auto_id="id_correct_%s")
    if not form.is_valid():
        return _page(request, row, 400, correct_form=form)
    try:
        days.correct(subscription=row, by=request.user, **form.cleaned_data)
    except Refusal as refusal:
        _at_its_field(form, refusal)
        return _page(request, row, refusal.status, correct_form=form)
    messages.success(request, _("Corrected. Its quota lasts as long."))
    return redirect("subscription-manage", pk)


def _at_its_field(form: RenewForm | CorrectForm, refusal: Refusal) -> None:
    field = getattr(refusal, "field", None)
    form.add_error(field if field in form.fields else "days", str(refusal))


def _page(request: SignedIn, row: Subscription, status: int = 200, **forms: Any) -> HttpResponse:
    now, entries = timezone.now(), page_of(request, row.entries.select_related("by").order_by("-pk"))
    shown = ShownSubscription(row, now)
    context = {
        "s": shown, "page": entries, "lines": ledger_lines(entries, is_by_code=shown.computer is None),
        "codes": shown_codes(row.codes.order_by("-pk")[:CODES], now), "is_staff": True,
        "renew_form": RenewForm(), "correct_form": CorrectForm(auto_id="id_correct_%s"), **forms,
    }  # fmt: skip
    return render(request, "subscriptions/manage.html", context, status=status)


def _found(request: SignedIn, pk: int) -> Subscription:
    row: Subscription = get_object_or_404(with_parts(access.visible(request.user, Subscription)), pk=pk)
    return row
