"""The terms of use: read and accepted by everybody, written by administrators."""

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Terms, TermsAcceptance
from accounts.terms import versions
from lib.notes import Refusal
from lib.whole_numbers import whole_number
from portal.access import only
from portal.forms.terms_form import TermsForm
from portal.next_page import next_page
from portal.numbered_pages import page_of
from portal.signed_in import SignedIn


@require_http_methods(["GET", "POST"])
@never_cache
def terms(request: SignedIn) -> HttpResponse:
    """Show the current terms; accept them, and continue to the page that was asked for. Whoever owes nothing (any more) continues at once."""
    wish = next_page(request, sent=request.GET) or next_page(request)
    if wish and not versions.owes(request.user):
        return redirect(wish)
    if request.method == "GET":
        return _terms_page(request)
    try:
        versions.accept(person=request.user, number=_number(request))
    except Refusal as refusal:
        return _terms_page(request, refusal)
    return redirect(next_page(request, otherwise="/"))


def _terms_page(request: SignedIn, refusal: Refusal | None = None) -> HttpResponse:
    newest = versions.newest()
    found = newest if newest and newest.text_en else None
    accepted = TermsAcceptance.objects.filter(user=request.user, terms=found).first() if found else None
    context: dict[str, Any] = {
        "terms": found,
        "accepted": accepted,
        "refusal": refusal,
        "next": next_page(request, sent=request.GET),
    }
    if found and not accepted:
        context["nav"] = None  # its pages would all lead back here
    return render(request, "terms/read.html", context, status=refusal.status if refusal else 200)


def _number(request: SignedIn) -> int:
    return whole_number(request.POST.get("number", ""), digits=9) or 0


@only("change", Terms)
@require_http_methods(["GET", "POST"])
@never_cache
def edit(request: SignedIn) -> HttpResponse:
    """Show the versions; publish another one."""
    if request.method == "GET":
        newest = versions.newest()
        first = {"text_en": newest.text_en, "text_es": newest.text_es} if newest else {}
        return _edit_page(request, TermsForm(initial={**first, "seen": newest.number if newest else 0}), newest)
    form = TermsForm(request.POST)
    if not form.is_valid():
        return _edit_page(request, form, versions.newest(), 400)
    try:
        published = versions.publish(by=request.user, **form.cleaned_data)
    except versions.OtherVersion as refusal:
        newest = versions.newest()
        # The next press is by somebody who has read it.
        form.data = {**form.data.dict(), "seen": str(newest.number if newest else 0)}  # type: ignore[attr-defined]
        form.add_error(None, str(refusal))
        return _edit_page(request, form, newest, refusal.status, meanwhile=newest)
    except versions.BadTerms as refusal:
        form.add_error(refusal.field, str(refusal))
        return _edit_page(request, form, versions.newest(), refusal.status)
    is_text = bool(published.text_en)
    messages.success(
        request,
        _("Published. Everybody is asked to accept it on the next page that they open.")
        if is_text
        else _("Nobody is asked to accept anything now."),
    )
    return redirect("terms-edit")


def _edit_page(
    request: SignedIn, form: TermsForm, newest: Terms | None, status: int = 200, meanwhile: Terms | None = None
) -> HttpResponse:
    rows = Terms.objects.select_related("by").annotate(accepted=Count("acceptances")).order_by("-number")
    page = page_of(request, rows)
    context = {"form": form, "newest": newest, "page": page, "meanwhile": meanwhile}
    return render(request, "terms/edit.html", context, status=status)
