"""Photos as files: for whoever may see the donation, or has a ticket."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from nodes.models import Photo
from portal import access, photo_tickets, stored_files
from portal.signed_in import SignedIn


@require_safe
@never_cache
def photo(request: SignedIn, pk: int, is_small: bool = False) -> HttpResponseBase:
    row: Photo = get_object_or_404(access.visible(request.user, Photo), pk=pk)
    return _answer(row, is_small)


@login_not_required
@require_safe
@never_cache
def by_link(request: HttpRequest, token: str, is_small: bool = False) -> HttpResponseBase:
    """Send a photo to whoever has a ticket: of a form that is not sent yet, or from the donor's page by a link."""
    rows = Photo.objects.select_related("file", "small", "donation")
    return _answer(get_object_or_404(rows, pk=photo_tickets.read(token)), is_small)


def _answer(row: Photo, is_small: bool) -> HttpResponseBase:
    before = row.donation.number if row.donation else "photo"
    return stored_files.answer(row.small if is_small else row.file, f"{before}-{row.pk}.jpg")
