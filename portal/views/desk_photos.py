"""Photos at the desk: those of a computer, those that came with the offer, and their removal, which asks first."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from nodes.files import photos
from nodes.models import Computer, Photo
from portal import access, photos_with_step
from portal.access import only
from portal.presenters.shown_photos import ShownPhoto
from portal.signed_in import SignedIn
from portal.views import desk


@only("change", Computer)
@require_POST
@never_cache
def add(request: SignedIn, pk: int) -> HttpResponse:
    """Add photos of a computer. What was good stays where others are refused."""
    row = get_object_or_404(access.visible(request.user, Computer), pk=pk)
    if photos_with_step.keep(request, row):
        return desk.computer_page(request, pk, status=400)
    return redirect("desk-computer", pk)


@only("change", Computer)
@require_POST
@never_cache
def assign(request: SignedIn, pk: int, photo: int) -> HttpResponse:
    """Say that a photo of the offer shows this computer; with `back`, that it does not."""
    row = get_object_or_404(access.visible(request.user, Computer), pk=pk)
    shown = get_object_or_404(access.visible(request.user, Photo), pk=photo, donation=row.donation_id)
    change = photos.unassign if "back" in request.POST else photos.assign
    change(shown, row, request.user)
    return redirect("desk-computer", pk)


@only("change", Computer)
@require_http_methods(["GET", "POST"])
@never_cache
def remove(request: SignedIn, pk: int, photo: int) -> HttpResponse:
    """Ask whether a photo is to be removed, and remove it."""
    row = get_object_or_404(access.visible(request.user, Computer), pk=pk)
    found = access.visible(request.user, Photo).filter(pk=photo, donation=row.donation_id).first()
    if request.method == "GET" and found is not None:
        return render(request, "desk/remove_photo.html", {"computer": row, "photo": ShownPhoto(found, 1)})
    if found is not None:
        photos.remove_of_staff(found, request.user)
    messages.success(request, _("The photo is removed."))  # another press may have been first
    return redirect("desk-computer", pk)
