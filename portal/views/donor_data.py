"""All that is kept of a donor: they see it, download it and erase it, by their link or in their account; administrators do it for them."""

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts import limits
from accounts.donors import donor_links
from accounts.models import Donor
from lib.notes import Refusal
from nodes import donor_actions
from nodes.models import Donation
from portal import access
from portal.access import only
from portal.confirmation import confirmed_first
from portal.forms.given_forms import LinkForm
from portal.once import once_per_form
from portal.presenters.donor_zip import zipped
from portal.presenters.own_pages import Own
from portal.request_facts import address_of
from portal.signed_in import SignedIn
from portal.streamed_parts import streamed
from portal.views.as_donor import by_link, signed_in
from portal.views.given import private

Found = Donor | HttpResponse


@require_http_methods(["GET", "HEAD", "POST"])
def _data(request: HttpRequest, own: Own) -> HttpResponse:
    """Show a donor what is kept of them. A POST by the link mails them the one that erases it; in an account they go on there."""
    if request.method != "POST":
        return _page(request, own)
    if not own.token:
        return own.again("erase")
    try:
        limits.mail(address=address_of(request), email=own.donor.email)
        donor_actions.ask_to_erase(donor=own.donor)
    except Refusal as refusal:
        return _refused(_page(request, own, str(refusal)), refusal)
    messages.success(request, _("A mail is on its way to your address. Its link erases everything, once you press."))
    return own.again("data")


def _page(request: HttpRequest, own: Own, refusal: str = "") -> HttpResponse:
    context = {"donor": own.donor, "own": own, "download_url": own.url("download"), "refusal": refusal}
    return render(request, "donating/data.html", context)


data = by_link(_data)
data_signed_in = signed_in(_data)


def _by(read: Callable[[str], Donor], request: HttpRequest, token: str) -> Found:
    try:
        return read(token)
    except donor_links.BadLink as refusal:
        facts = {"form": LinkForm(), "sentence": str(refusal)}
        return private(render(request, "donating/another_link.html", facts, status=refusal.status))


def _refused(response: HttpResponse, refusal: Refusal) -> HttpResponse:
    response.status_code = refusal.status
    if refusal.retry_after:
        response["Retry-After"] = str(refusal.retry_after)
    return private(response)


@require_GET
def _download(_request: HttpRequest, own: Own) -> HttpResponse:
    """Send a donor all that is kept of them."""
    return _sent(own.donor)


download = by_link(_download)
download_signed_in = signed_in(confirmed_first(_download))


def _sent(donor: Donor) -> HttpResponse:
    headers = {
        "Content-Disposition": f'attachment; filename="minga-donor-{timezone.localdate()}.zip"',
        "Content-Encoding": "identity",  # or each part were packed by itself, and browsers read the first alone
    }
    answer = StreamingHttpResponse(streamed(zipped(donor)), headers=headers, content_type="application/zip")
    return cast("HttpResponse", answer)


@login_not_required
@require_http_methods(["GET", "POST"])
@never_cache
def erase(request: HttpRequest, token: str) -> HttpResponse:
    """Ask once more, and erase a donor's data, by the link that was mailed for it."""
    donor = _by(donor_links.read_erasure, request, token)
    if isinstance(donor, HttpResponse):
        return donor
    if request.method == "GET":
        return private(render(request, "donating/erase.html", {"donor": donor}))
    try:
        donor_actions.erase(donor=donor)
    except Refusal as refusal:  # an account has it by now
        return _refused(render(request, "donating/erase.html", {"donor": donor, "refusal": str(refusal)}), refusal)
    return private(render(request, "donating/erased.html"))


@require_http_methods(["GET", "POST"])
def _erase_in_account(request: SignedIn, own: Own) -> HttpResponse:
    """Ask once more, and erase what is kept of a person as a donor. Their account stays."""
    if request.method == "GET":
        return render(request, "donating/erase.html", {"donor": own.donor, "is_in_account": True})
    donor_actions.erase_own(user=request.user)
    return render(request, "donating/erased.html", {"is_in_account": True})


erase_signed_in = signed_in(confirmed_first(_erase_in_account))


# ---- administrators, for them ----


@only("step", Donation)
@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def for_them(request: SignedIn, pk: int) -> HttpResponse:
    """Say what is kept of the donor of a donation and what stays, and erase it as they wish."""
    row = get_object_or_404(access.visible(request.user, Donation).select_related("donor__user"), pk=pk)
    if request.method == "GET" or row.donor.erased_at:
        return render(request, "desk/donor_data.html", {"donation": row, "donor": row.donor})
    try:
        donor_actions.erase(donor=row.donor, by=request.user)
    except Refusal as refusal:
        context = {"donation": row, "donor": row.donor, "refusal": str(refusal)}
        return render(request, "desk/donor_data.html", context, status=refusal.status)
    messages.success(request, _("Erased. What was given stays, without a name."))
    return redirect("donation", pk)


@only("step", Donation)
@require_GET
@never_cache
def download_for_them(request: SignedIn, pk: int) -> HttpResponse:
    """Send an administrator all that is kept of a donor, for the donor."""
    row = get_object_or_404(access.visible(request.user, Donation).select_related("donor__user"), pk=pk)
    donor_actions.note_download(donor=row.donor, by=request.user)
    return _sent(row.donor)
