"""Photos that come with a computer's step: neither undoes the other, and the same photo sent again is one photo."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from nodes.files import photos
from nodes.models import Computer
from portal import access, sent_photos
from portal.signed_in import SignedIn

View = Callable[..., HttpResponse]


def with_photos(view: View) -> View:
    """Keep the photos that come along before the step is taken, outside its transaction and whatever becomes of it."""

    @wraps(view)
    def taking(request: SignedIn, pk: int) -> HttpResponse:
        if request.method != "POST" or not sent_photos.sent(request):
            return view(request, pk)
        faults = keep(request, get_object_or_404(access.visible(request.user, Computer), pk=pk))
        response = view(request, pk)
        if response.status_code < 400:
            for fault in faults:
                messages.error(request, _("The step is saved, the photo is not. %(why)s") % {"why": fault})
        return response

    return taking


def keep(request: SignedIn, computer: Computer) -> list[str]:
    """Keep the photos of a form. Returns what is wrong with those that are not kept, which the page finds with `faults_of`."""
    files = sent_photos.sent(request)
    faults = sent_photos.take(files, lambda picture: photos.add_of_staff(picture, computer, request.user))
    request.photo_faults = faults if files else [_("Choose a photo first.")]  # type: ignore[attr-defined]
    return faults_of(request)


def faults_of(request: SignedIn) -> list[str]:
    return getattr(request, "photo_faults", [])
