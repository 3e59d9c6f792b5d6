"""The receipt of a donation: for its donor, by their link or signed in, and for administrators."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.donors import donor_links
from lib.notes import Refusal
from nodes.models import Donation
from nodes.printing import receipts
from portal import access
from portal.printed import answer
from portal.signed_in import SignedIn


@login_not_required
@require_GET
@never_cache
def by_link(request: HttpRequest, token: str, pk: int) -> HttpResponse:
    """Print the receipt of a donation of the donor whose link this is."""
    try:
        donor = donor_links.read(token)
    except donor_links.BadLink:
        return redirect("given", token)  # there they read why, and get another
    return _receipt(request, get_object_or_404(Donation, donor=donor, pk=pk), reverse("given", args=[token]))


@require_GET
@never_cache
def signed_in(request: SignedIn, pk: int) -> HttpResponse:
    """Print the receipt of a donation for its donor, or for an administrator."""
    donation = get_object_or_404(access.visible(request.user, Donation).select_related("donor"), pk=pk)
    if donation.donor.user_id == request.user.pk:
        return _receipt(request, donation, reverse("donating"))
    return _receipt(request, donation, reverse("donation", args=[pk]))


def _receipt(request: HttpRequest, donation: Donation, back: str) -> HttpResponse:
    """Answer with the PDF; where there is none, with the reason and the way back."""
    try:
        pdf = receipts.receipt(donation)
    except Refusal as refusal:
        facts = {"sentence": str(refusal), "back": back}
        response = render(request, "donating/no_receipt.html", facts, status=refusal.status)
        response["X-Robots-Tag"] = "noindex, nofollow"
    else:
        response = answer(pdf, f"{_('receipt')}-{donation.number}.pdf", is_kept=True)
    response["Referrer-Policy"] = "same-origin"  # the address may be a donor's link
    return response
