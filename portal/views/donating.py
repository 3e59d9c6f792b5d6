"""The donor's home: what they gave and where it is, how to offer more, and what the project is."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import emails
from accounts.models import Donor, Subscription
from lib.notes import Refusal
from nodes import donor_actions
from nodes.models import Computer, Donation
from nodes.months import month_mails
from nodes.teams import team
from portal import access
from portal.forms.given_forms import ConfirmForm
from portal.numbered_pages import page_of
from portal.presenters.given_computers import given, shown_donations
from portal.presenters.given_work import work_of
from portal.presenters.own_pages import Own
from portal.presenters.subscription_card import card_of
from portal.signed_in import SignedIn
from portal.views import donor_photos
from portal.views.given import choose_monthly
from portal.views.given import confirm as confirm_list
from quotas.actions import usage

GAUGES = 4  # on the card: machines, processors, memory, disk


@require_GET
@never_cache
def donating(request: SignedIn) -> HttpResponse:
    return _page(request)


def _page(request: SignedIn, form: ConfirmForm | None = None, faults: Sequence[str] = ()) -> HttpResponse:
    page = page_of(request, given(_own(request)))
    work = work_of(Computer.objects.filter(donation__in=_own(request)))
    card = card_of(Subscription.objects.of(request.user))
    donor = Donor.objects.filter(user=request.user).first()
    context = {
        "donor": donor, "is_monthly": donor is not None and month_mails.are_wanted(donor),
        "card": card, "usage": {"gauges": usage(request.user).gauges()[:GAUGES]} if card else None, "grace_days": settings.SUBSCRIPTION_GRACE_DAYS,
        "address": settings.DONATIONS_EMAIL, "place": settings.DONATIONS_PLACE, "page": page, "donations": shown_donations(page, work=work), "work": work,
        "form": form or ConfirmForm(), "asked": request.POST.get("donation", ""),
        "may_tie": _untied(request).exists(), "photo_faults": faults, "own": Own(donor) if donor else None,
        "teams": team.teams_of(request.user),
    }  # fmt: skip
    return render(request, "donating/home.html", context, status=400 if faults else form.status if form else 200)


def _own(request: SignedIn) -> Any:
    """Select what this person gave; administrators see that of others at their desk."""
    return access.visible(request.user, Donation).filter(donor__user=request.user)


def _untied(request: SignedIn) -> Any:
    """Select the donor of the person's proven address, if they have none yet."""
    address = emails.proven(request.user)
    if not address or Donor.objects.filter(user=request.user).exists():
        return Donor.objects.none()
    return Donor.objects.filter(email=emails.key(address), user=None)


@require_POST
def confirm(request: SignedIn) -> HttpResponse:
    """Say whether the list of what was received is right."""
    form = confirm_list(request, _own(request))
    return _page(request, form) if form.errors else redirect("donating")


@require_POST
def photos(request: SignedIn) -> HttpResponse:
    """Add photos to a donation, or take one out."""
    faults = donor_photos.change(request, _own(request))
    return _page(request, faults=faults) if faults else redirect("donating")


@require_POST
def monthly(request: SignedIn) -> HttpResponse:
    """Choose whether a mail comes about each month."""
    donor = Donor.objects.filter(user=request.user).first()
    if donor is not None:
        choose_monthly(request, donor)
    return redirect("donating")


@require_POST
def tie(request: SignedIn) -> HttpResponse:
    """Take what was offered with one's proven address before into one's account."""
    donor = _untied(request).first()
    try:
        if donor is not None:
            donor_actions.tie(donor=donor, user=request.user)
            messages.success(request, _("What you gave is now part of your account."))
    except Refusal as refusal:  # another press, or another person, was faster
        messages.error(request, str(refusal))
    return redirect("donating")
