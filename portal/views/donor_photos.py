"""Add and remove photos as a donor does, of what they gave, until the first computer is received."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from lib.notes import Refusal
from nodes.files import photos
from nodes.models import Donation
from portal import sent_photos


def named(rows: Any, pk: str) -> Donation:
    """Return the donation of these whose id a form names. Raises Http404."""
    donation: Donation | None = (
        rows.filter(pk=int(pk)).first() if pk.isascii() and pk.isdigit() and len(pk) < 12 else None
    )
    if donation is None:
        raise Http404
    return donation


def change(request: HttpRequest, rows: Any) -> list[str]:
    """Carry out what a form says of the photos of one of these donations. Returns what is wrong, in sentences."""
    donation = named(rows, request.POST.get("donation", ""))
    if "remove_photo" in request.POST:
        return _remove(request, donation, request.POST["remove_photo"])
    files = sent_photos.sent(request)
    if not files:
        return [_("Choose a photo first.")]
    faults = sent_photos.take(
        files, lambda picture: photos.add_of_donor(picture, donation), before=sent_photos.counted(request)
    )
    if len(faults) < len(files):
        messages.success(request, _("Thank you for the photo.") if len(files) == 1 else _("Thank you for the photos."))
    return faults


def _remove(request: HttpRequest, donation: Donation, pk: str) -> list[str]:
    is_number = pk.isascii() and pk.isdigit() and len(pk) < 12
    photo = donation.photos.filter(pk=int(pk), is_donors=True).first() if is_number else None
    if photo is None:  # another press was first
        return []
    try:
        photos.remove_of_donor(photo)
    except Refusal as refusal:
        return [str(refusal)]
    messages.success(request, _("The photo is removed."))
    return []
