"""The donor's page by the link from a mail, without an account."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import limits, sign_up
from accounts.donors import donor_links, donor_rows
from accounts.models import Donor, User
from lib.even_time import evenly
from lib.notes import Refusal
from nodes import actions, donor_actions
from nodes.models import Computer, Donation
from nodes.months import month_mails
from portal.forms.given_forms import ConfirmForm, LinkForm
from portal.numbered_pages import page_of
from portal.presenters.given_computers import given as with_computers
from portal.presenters.given_computers import shown_donations
from portal.presenters.given_work import work_of
from portal.presenters.own_pages import Own
from portal.presenters.subscription_card import card_of
from portal.request_facts import address_of
from portal.views import donor_photos


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def given(request: HttpRequest, token: str) -> HttpResponse:
    """Show a donor what they gave. A POST confirms a list, or ties the donor to the account of whoever is signed in."""
    try:
        donor = (donor_links.read if request.method == "HEAD" else donor_links.follow)(token)
    except donor_links.BadLink as refusal:
        facts = {"form": LinkForm(), "sentence": str(refusal)}
        return private(render(request, "donating/another_link.html", facts, status=refusal.status))
    if request.method == "POST":
        return private(_act(request, donor, token))
    return private(_page(request, donor, token))


def _act(request: HttpRequest, donor: Donor, token: str) -> HttpResponse:
    donor_rows.verify(donor)
    if "tie" in request.POST:
        return _tie(request, donor, token)
    if "monthly" in request.POST:
        if donor.user_id is None:  # else their account chooses
            choose_monthly(request, donor)
        return redirect("given", token)
    if "photos_of" in request.POST:
        faults = donor_photos.change(request, Donation.objects.filter(donor=donor))
        return _page(request, donor, token, faults=faults) if faults else redirect("given", token)
    form = confirm(request, Donation.objects.filter(donor=donor))
    return _page(request, donor, token, form) if form.errors else redirect("given", token)


def _tie(request: HttpRequest, donor: Donor, token: str) -> HttpResponse:
    if not isinstance(request.user, User):
        return redirect("given", token)
    try:
        donor_actions.tie(donor=donor, user=request.user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("given", token)
    messages.success(request, _("What you gave is now part of your account."))
    return redirect("donating")


def choose_monthly(request: HttpRequest, donor: Donor) -> None:
    """Write down whether a donor wants the mail about each month."""
    wants = request.POST.get("monthly") == "on"
    month_mails.choose(donor, wants=wants)
    messages.success(request, _("You get one mail a month.") if wants else _("You get no more monthly mails."))


def confirm(request: HttpRequest, rows: Any) -> ConfirmForm:
    """Write down what the donor says of one of their donations. Returns the form, with its faults where nothing was written."""
    donation = donor_photos.named(rows, request.POST.get("donation", ""))
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        return form
    try:
        actions.confirm(donation=donation, is_right=form.is_right, note=form.cleaned_data["note"])
    except actions.BadInput as refusal:
        form.refuse(refusal)
    except actions.NothingToConfirm as refusal:  # an old page, which has no place for it
        messages.error(request, str(refusal))
        form.refuse(refusal)
    else:
        messages.success(request, _("Thank you. We have written down what you said."))
    return form


def _page(
    request: HttpRequest, donor: Donor, token: str, form: ConfirmForm | None = None, faults: Sequence[str] = ()
) -> HttpResponse:
    page = page_of(request, with_computers(Donation.objects.filter(donor=donor)))
    work = work_of(Computer.objects.filter(donation__donor=donor))
    context = {
        "donor": donor, "address": settings.DONATIONS_EMAIL, "place": settings.DONATIONS_PLACE, "page": page,
        "donations": shown_donations(page, by_link=True, work=work), "work": work, "form": form or ConfirmForm(), "token": token,
        "photo_faults": faults, "card": card_of(donor.subscriptions.filter(withdrawn_at=None)),
        "may_tie": donor.user_id is None and request.user.is_authenticated,
        "is_tied": donor.user_id is not None, "is_monthly": month_mails.are_wanted(donor), "own": Own(donor, token),
        "asked": request.POST.get("donation", ""), "sign_up_is_open": sign_up.is_open_for(donor.email),
    }  # fmt: skip
    return render(request, "donating/given.html", context, status=400 if faults else form.status if form else 200)


@login_not_required
@require_http_methods(["GET", "POST"])
@never_cache
def again(request: HttpRequest) -> HttpResponse:
    """Mail another link. The answer is the same whether anything was offered with the address."""
    form = LinkForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return private(_again(request, form, 400 if form.errors else 200))
    email = form.cleaned_data["email"]
    try:
        limits.mail(address=address_of(request), email=email)
    except limits.TooManyMails as refusal:
        form.add_error("email", str(refusal))
        response = private(_again(request, form, refusal.status))
        response["Retry-After"] = str(refusal.retry_after)
        return response
    with evenly():
        donor_actions.mail_new_link(email=email)
    messages.success(request, _("If a computer was offered with this address, a link is on its way there."))
    return redirect("given-again")


def _again(request: HttpRequest, form: LinkForm, status: int) -> HttpResponse:
    return render(request, "donating/another_link.html", {"form": form}, status=status)


def private(response: HttpResponse) -> HttpResponse:
    """Keep the link from other sites and from search machines. Our own switches and forms need the referrer."""
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
